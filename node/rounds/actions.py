"""What a peer can do next. Values: equal actions are the same action, and carrying one out twice is harmless."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.values import Address
from node.rounds.agreement import Proposal


@dataclass(frozen=True)
class Open:
    """Open the next round."""


@dataclass(frozen=True)
class Prepare:
    """Train one seat from the round's base checkpoint and make its update durable."""

    round: int
    seat: int


@dataclass(frozen=True)
class Commit:
    """Commit to a prepared update on the chain."""

    round: int
    seat: int


@dataclass(frozen=True)
class Reveal:
    """Start serving a committed update and open its commitment."""

    round: int
    seat: int


@dataclass(frozen=True)
class Promise:
    """Sign and spread commitments of prepared updates, so that they can stand in a batch."""

    round: int
    seats: frozenset[int]


@dataclass(frozen=True)
class PostBatch:
    """As collector, tell the promises of these seats as a batch and bring its hash to the chain as number `batch`."""

    round: int
    batch: int
    seats: tuple[int, ...] = field(compare=False)  # what is under way is not begun again with one more


@dataclass(frozen=True)
class TellBatch:
    """Tell the entries of a batch again that stands on the chain."""

    round: int
    batch: int


@dataclass(frozen=True)
class ShowOpenings:
    """Start serving updates whose commitments stand in batches, and spread what opens those."""

    round: int
    seats: frozenset[int]


@dataclass(frozen=True)
class OpenBatch:
    """As collector, open commitments of a batch on the chain."""

    round: int
    batch: int
    seats: tuple[int, ...] = field(compare=False)


@dataclass(frozen=True)
class OpenAlone:
    """Open own commitments of a batch on the chain: no collector did."""

    round: int
    batch: int
    seats: tuple[int, ...]


@dataclass(frozen=True)
class Fetch:
    """Get the updates of these seats from whoever has them."""

    round: int
    seats: frozenset[int]


@dataclass(frozen=True)
class Replay:
    """Do the spot check of a seat: its drawn part of the training again."""

    round: int
    seat: int


@dataclass(frozen=True)
class Announce:
    """Sign and spread a have-list: `seats` held, and those whose check they `passed` or `failed`."""

    round: int
    seats: frozenset[int]
    passed: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Propose:
    """As collector, sign and spread the input set that follows from the newest have-lists."""

    round: int
    proposal: Proposal


@dataclass(frozen=True)
class PostVotes:
    """Bring to the chain what attesters signed about a word of seats: an own update there is being left out."""

    round: int
    words: frozenset[int]


@dataclass(frozen=True)
class Attest:
    """Compute the result over an input set with its `failed` seats and sign it.

    The signature is spread at once, but where attesters commit first it is kept until then.
    """

    round: int
    seats: frozenset[int]
    failed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CommitResult:
    """Commit to the signed result on the chain, before anybody shows one. `seats`: own ones, where they are drawn."""

    round: int
    seats: tuple[int, ...] = ()


@dataclass(frozen=True)
class PromiseResult:
    """Sign and spread the promise of the signed result, so that a collector can bring it with others."""

    round: int
    seats: tuple[int, ...] = ()


@dataclass(frozen=True)
class PostResults:
    """As collector, bring what these accounts promised to the chain."""

    round: int
    accounts: tuple[Address, ...] = field(compare=False)


@dataclass(frozen=True)
class ShowResult:
    """Spread the signature of the promised result, with what opens the promise."""

    round: int


@dataclass(frozen=True)
class Appear:
    """Say on the chain what was found: no quorum is in sight, and whoever says nothing loses stake."""

    round: int


@dataclass(frozen=True)
class Submit:
    """Send the signed result to the chain."""

    round: int


@dataclass(frozen=True)
class PinSeed:
    """Pin another block for the next seed: the chain has forgotten the last one."""


@dataclass(frozen=True)
class PunishSilence:
    """Take the bond of seats that committed and did not reveal."""

    round: int
    seats: tuple[int, ...]


@dataclass(frozen=True)
class PunishBatchSilence:
    """Take the bond of a seat whose commitment stands in a batch and was not opened."""

    round: int
    seat: int


@dataclass(frozen=True)
class Leak:
    """Take a little of seats whose owners were absent when the quorum failed."""

    round: int
    seats: tuple[int, ...]


@dataclass(frozen=True)
class Settle:
    """Make sure that the accepted checkpoint and the round's record are here."""

    round: int


@dataclass(frozen=True)
class Finalize:
    """Finalize an accepted round after its challenge window."""

    round: int


@dataclass(frozen=True)
class Skip:
    """End a round that cannot get a result any more."""

    round: int


@dataclass(frozen=True)
class Claim:
    """Collect everything earned so far: one claim covers all rounds."""


Action = (
    Open
    | Prepare
    | Commit
    | Reveal
    | Promise
    | PostBatch
    | TellBatch
    | ShowOpenings
    | OpenBatch
    | OpenAlone
    | Fetch
    | Replay
    | Announce
    | Propose
    | PostVotes
    | Attest
    | CommitResult
    | PromiseResult
    | PostResults
    | ShowResult
    | Appear
    | Submit
    | PinSeed
    | PunishSilence
    | PunishBatchSilence
    | Leak
    | Settle
    | Finalize
    | Skip
    | Claim
)
