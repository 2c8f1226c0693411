"""The attester's half of a round: fetch, say what is held, agree on the set, compute, sign, submit.

What goes on the chain besides the result is in `node.rounds.witness`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import structlog

from contracts.attendance import AttendanceDomain, availability_words, custody_hash
from contracts.attestation import Domain, Result, recover, result_digest, sign_digest
from contracts.client import Project
from contracts.errors import InvalidSignature
from contracts.values import Address, Custody
from node.attacks.base import Attack
from node.checkpoint import Checkpoint
from node.codec import Update
from node.errors import ExchangeError, MalformedMessage, NodeError, StorageError
from node.exchange.envelope import Envelope
from node.exchange.mailbox import Mailbox
from node.manifest import Manifest
from node.rounds import agreement
from node.rounds.actions import Announce
from node.rounds.agreement import HaveList, MalformedStatement, Proposal, ShownSignature
from node.rounds.drawing import supporters
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.inputs import absent_from, inputs_of
from node.rounds.knowledge import Knowledge
from node.rounds.library import Library
from node.rounds.outcome import RoundOutcome, compute_outcome, pack_contributions
from node.rounds.record_book import RecordBook
from node.rounds.speaker import Speaker
from node.state_directory import SignedResult, StateDirectory

KEPT_LISTS = 4  # of one sender
SALT_BYTES = 32


@dataclass(frozen=True)
class SeenList:
    """A have-list and the envelope it came in."""

    have: HaveList
    encoded: bytes


@dataclass
class RoundMemory:
    """What the attester has gathered for one round; lost on restart, and gathered again from peers."""

    number: int
    updates: dict[int, Update] = field(default_factory=dict)
    searched: bool = False
    announced: Announce | None = None
    cited: dict[Address, bytes] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)
    lists: dict[Address, dict[bytes, SeenList]] = field(default_factory=dict)
    outcome: RoundOutcome | None = None
    signed: SignedResult | None = None
    shown: bool = False
    custodies: dict[Address, bytes] = field(default_factory=dict)

    @property
    def result_hash(self) -> bytes | None:
        """Of the result this peer signed."""
        return None if self.signed is None else self.signed.result_hash

    def custody(self, account: Address, seed: bytes) -> bytes:
        """What `account` must show to have the bytes of the checkpoint that this peer computed."""
        assert self.outcome is not None, "custody is of a checkpoint"
        if account not in self.custodies:
            self.custodies[account] = custody_hash(account, seed, self.outcome.checkpoint_bytes)
        return self.custodies[account]


@dataclass(frozen=True)
class RoundStatements:
    """The signed statements of one round, parsed. `signatures`: of results, by sender.

    `lists`, by hash, holds also some that their senders have replaced since: a proposal may cite them.
    """

    lists: Mapping[bytes, SeenList]
    latest: Mapping[Address, HaveList]
    proposals: tuple[Proposal, ...]
    signatures: Mapping[Address, ShownSignature]


class UpdatesUnavailable(ExchangeError):
    """Some revealed updates could not be fetched, or were not what they should be; `causes` by seat."""

    def __init__(self, round_number: int, causes: Mapping[int, str]) -> None:
        listed = "; ".join(f"seat {seat}: {cause}" for seat, cause in sorted(causes.items()))
        super().__init__(f"round {round_number}: updates not available: {listed}")
        self.round, self.causes = round_number, dict(causes)


class BaseMismatch(NodeError):
    """The checkpoint that round `round` was accepted with has other parameters than its result's root says."""

    def __init__(self, round_number: int, have: bytes, want: bytes) -> None:
        super().__init__(
            f"the checkpoint of round {round_number} has parameters of root 0x{have.hex()}, "
            f"its result says 0x{want.hex()}: nothing is signed on top of it"
        )
        self.round, self.have, self.want = round_number, have, want


class Attester:
    """Gathers the knowledge `next_actions` decides on, and carries out the attester's actions."""

    def __init__(
        self,
        *,
        project: Project,
        domain: Domain,
        attendance: AttendanceDomain,
        key: bytes,
        me: Address,
        manifest: Manifest,
        library: Library,
        state: StateDirectory,
        mailbox: Mailbox,
        speaker: Speaker,
        book: RecordBook,
        attack: Attack,
    ) -> None:
        self._attendance, self._attack = attendance, attack
        self._project, self._domain, self._key, self._me = project, domain, key, me
        self._manifest, self._library, self._state = manifest, library, state
        self._mailbox, self._speaker, self._book = mailbox, speaker, book
        self._memory = RoundMemory(0)
        # The next round may open before this one is settled, so outcomes outlive the round's memory.
        self._outcomes: dict[int, RoundOutcome] = {}
        self._log = structlog.get_logger("attester")

    def outcome(self, round_number: int) -> RoundOutcome | None:
        """The result this peer computed and signed for one of the newest rounds, if it did so since it started."""
        return self._outcomes.get(round_number)

    def signed(self, round_number: int, result_hash: bytes) -> SignedResult | None:
        """What a result follows from, if this peer signed that very result, also before a restart."""
        signed = self._state.signed(round_number)
        return signed if signed is not None and signed.result_hash == result_hash else None

    def knowledge(self, round_: RoundHistory, known: Knowledge) -> Knowledge:
        """`known`, completed with what was gathered about this round."""
        memory = self._remember(round_.number)
        statements = self._statements(round_)
        return replace(
            known,
            held=frozenset(memory.updates),
            searched=memory.searched,
            announced=memory.announced,
            statements={digest: seen.have for digest, seen in statements.lists.items()},
            latest=statements.latest,
            proposals=statements.proposals,
            cited=memory.cited,
            signed=memory.outcome is not None,
            shown=memory.shown,
            supporters=frozenset(
                sender for sender, shown in statements.signatures.items() if self._supports(round_, sender, shown)
            ),
        )

    def latest(self, round_: RoundHistory) -> Mapping[Address, HaveList]:
        """The newest have-list of everybody."""
        return self._statements(round_).latest

    def held(self, round_: RoundHistory) -> Mapping[int, Update]:
        """The updates that were fetched and checked, by seat."""
        return self._remember(round_.number).updates

    def signed_now(self, round_: RoundHistory) -> SignedResult | None:
        """The result this peer signed for the current round since it started."""
        return self._remember(round_.number).signed

    def opening(self, round_: RoundHistory) -> Custody:
        """What opens this peer's commitment to the result it signed."""
        memory = self._remember(round_.number)
        assert memory.signed is not None, "only what was signed is promised"
        return Custody(memory.custody(self._me, round_.seed), memory.signed.salt)

    async def fetch(self, round_: RoundHistory, seats: frozenset[int]) -> None:
        """Try once to get each of these updates, from its owner or from those who say they hold it."""
        memory = self._remember(round_.number)
        latest = self._statements(round_).latest

        async def fetch_one(seat: int) -> None:
            holders = [sender for sender, have in latest.items() if seat in have.seats]
            holders += [account for account, held in round_.votes.items() if seat in held]
            try:
                memory.updates[seat] = await self._library.update(round_, round_.reveal_by_seat[seat], holders)
            except (ExchangeError, StorageError, MalformedMessage) as error:
                failures[seat] = str(error)

        failures: dict[int, str] = {}
        await asyncio.gather(*(fetch_one(seat) for seat in sorted(seats)))
        memory.searched = True
        if failures:
            raise UpdatesUnavailable(round_.number, failures)

    async def announce(self, round_: RoundHistory, said: Announce) -> None:
        """Sign and spread a have-list."""
        votes = []
        if round_.availability_end > round_.reveal_end:
            votes = [
                sign_digest(self._key, self._attendance.availability_digest(round_.number, word, bitmap))
                for word, bitmap in availability_words(said.seats).items()
            ]
        body = agreement.have_list_body(said.seats, _revealed(round_), said.passed, said.failed, votes)
        await self._speaker.say(round_, agreement.HAVE_LIST, body)
        self._remember(round_.number).announced = said

    async def propose(self, round_: RoundHistory, proposal: Proposal) -> None:
        """As collector, sign and spread an input set with its evidence."""
        lists = self._statements(round_).latest.values()
        cited = {have.sender: have.statement for have in lists if have.statement in proposal.evidence}
        memory = self._remember(round_.number)
        memory.cited = cited | memory.cited
        await self._speaker.say(round_, agreement.PROPOSAL, agreement.proposal_body(proposal, _revealed(round_)))

    async def attest(
        self, history: SwarmHistory, round_: RoundHistory, seats: frozenset[int], failed: frozenset[int]
    ) -> None:
        """Compute the result over `seats` of which some `failed`, sign it once and for all.

        The signature is spread at once, unless it has to be committed to first.
        """
        memory = self._remember(round_.number)
        evidence = self._evidence(round_, seats, failed)
        outcome = await self.compute(history, round_, {seat: memory.updates[seat] for seat in seats}, failed)
        result_hash = result_digest(self._domain, round_.number, outcome.result)
        signature = sign_digest(self._key, result_hash)
        # Durable before it leaves: a peer that restarts must never sign something else for this round.
        earlier = self._state.signed(round_.number)
        salt = earlier.salt if earlier is not None else os.urandom(SALT_BYTES) if round_.attester_commits else b""
        signed = SignedResult(round_.number, result_hash, signature, seats, failed, evidence, salt)
        self._state.save_signed(signed)
        await self._library.keep(outcome.checkpoint, outcome.checkpoint_bytes)
        memory.outcome, memory.signed = outcome, signed
        self._outcomes = {**dict(list(self._outcomes.items())[-2:]), round_.number: outcome}
        if not round_.attester_commits:
            await self.show(round_)

    async def show(self, round_: RoundHistory) -> None:
        """Spread the signature, with what opens its commitment where there was one."""
        memory = self._remember(round_.number)
        assert memory.signed is not None, "only what was signed is shown"
        opening = self.opening(round_) if round_.attester_commits else None
        shown = ShownSignature(memory.signed.result_hash, memory.signed.signature, opening)
        await self._speaker.say(round_, agreement.SIGNATURE, agreement.signature_body(shown))
        memory.shown = True

    async def compute(
        self, history: SwarmHistory, round_: RoundHistory, updates: Mapping[int, Update], failed: frozenset[int]
    ) -> RoundOutcome:
        """The deterministic result of a round over these updates; the same bytes on every honest peer."""
        base, previous = await self._library.base(round_)
        before = history.previous_accepted(round_.number)
        if before is not None and before.acceptance is not None:
            await asyncio.to_thread(_check_base, before.number, base, before.acceptance.result)
        outcome = await asyncio.to_thread(
            compute_outcome,
            manifest=self._manifest,
            round=round_.number,
            seed=round_.seed,
            base=base,
            previous=previous,
            inputs=inputs_of(round_, updates),
            absent=absent_from(history, round_, frozenset(updates)),
            pool_wei=round_.pool_wei,
            earned=self._book.earned_before(history, round_),
            failed=failed,
        )
        return await asyncio.to_thread(self._attack.poison_outcome, outcome)

    async def submit(self, history: SwarmHistory, round_: RoundHistory) -> None:
        """Send the signed result with just enough signatures, largest stakes first, in the contract's order."""
        memory = self._remember(round_.number)
        assert memory.outcome is not None, "next_actions submits signed results only"
        voters = supporters(history, round_)
        signatures = {
            sender: shown
            for sender, shown in self._statements(round_).signatures.items()
            if sender in voters.weights and self._supports(round_, sender, shown)
        }
        chosen: list[Address] = []
        for account in sorted(signatures, key=lambda account: (-voters.weights[account], account)):
            if agreement.carries_quorum(sum(voters.weights[item] for item in chosen), voters.total):
                break
            chosen.append(account)
        ordered = [signatures[account] for account in sorted(chosen, key=lambda item: bytes.fromhex(item[2:]))]
        await self._project.accept_signed(
            round_.number,
            memory.outcome.result,
            pack_contributions(memory.outcome.contributions),
            [shown.signature for shown in ordered],
            [shown.opening for shown in ordered if shown.opening is not None],
        )

    def _supports(self, round_: RoundHistory, sender: Address, shown: ShownSignature) -> bool:
        """Whether a signature is over our result and, where attesters commit first, by somebody who has computed it."""
        memory = self._remember(round_.number)
        if shown.result_hash != memory.result_hash:
            return False
        if not round_.attester_commits:
            return shown.opening is None
        promised = round_.commitments.get(sender)
        if promised is None or shown.opening is None:
            return False
        opened = self._attendance.attestation_hash(round_.number, sender, shown.result_hash, shown.opening)
        return opened == promised.commitment and shown.opening.custody == memory.custody(sender, round_.seed)

    def _remember(self, number: int) -> RoundMemory:
        if self._memory.number != number:
            self._memory = RoundMemory(number)
            self._mailbox.forget(number)
            self._library.forgive(number - 1)
        return self._memory

    def _evidence(self, round_: RoundHistory, seats: frozenset[int], failed: frozenset[int]) -> tuple[bytes, ...]:
        """The have-lists that a proposal of this set cites, in the order of their hashes."""
        statements = self._statements(round_)
        for proposal in statements.proposals:
            if (proposal.seats, proposal.failed) == (seats, failed) and proposal.evidence <= statements.lists.keys():
                return tuple(statements.lists[digest].encoded for digest in sorted(proposal.evidence))
        return ()

    def _statements(self, round_: RoundHistory) -> RoundStatements:
        revealed, memory = _revealed(round_), self._remember(round_.number)
        refused = memory.refused
        latest: dict[Address, HaveList] = {}
        proposals: list[Proposal] = []
        signatures: dict[Address, ShownSignature] = {}
        for envelope in self._envelopes(round_.number):
            try:
                if envelope.kind == agreement.HAVE_LIST:
                    have = agreement.parse_have_list(envelope.sender, envelope.body, envelope.hash, revealed)
                    seen = {**memory.lists.get(have.sender, {}), have.statement: SeenList(have, envelope.encoded)}
                    memory.lists[have.sender] = dict(list(seen.items())[-KEPT_LISTS:])
                    latest[have.sender] = have
                elif envelope.kind == agreement.PROPOSAL:
                    proposals.append(agreement.parse_proposal(envelope.sender, envelope.body, revealed))
                else:
                    signatures[envelope.sender] = self._signature(envelope)
            except (MalformedStatement, InvalidSignature) as error:
                if envelope.hash in refused:
                    continue
                refused.add(envelope.hash)
                self._log.warning("statement ignored", round=round_.number, sender=envelope.sender, cause=str(error))
        lists = {digest: seen for mine in memory.lists.values() for digest, seen in mine.items()}
        return RoundStatements(lists, latest, tuple(proposals), signatures)

    def _envelopes(self, number: int) -> Iterator[Envelope]:
        for kind in (agreement.HAVE_LIST, agreement.PROPOSAL, agreement.SIGNATURE):
            yield from self._mailbox.of_round(number, kind)

    def _signature(self, envelope: Envelope) -> ShownSignature:
        shown = agreement.parse_signature(envelope.body)
        signer = recover(shown.result_hash, shown.signature)
        if signer != envelope.sender:
            raise MalformedStatement(agreement.SIGNATURE, f"result signed by {signer}, sent by {envelope.sender}")
        return shown


def _revealed(round_: RoundHistory) -> list[int]:
    return sorted(round_.reveal_by_seat)


def _check_base(number: int, base: Checkpoint, accepted: Result) -> None:
    """Raises BaseMismatch where parameters and root of an accepted result are not the same.

    A proof would be computed from the root: whoever builds on other parameters could be proven a liar.
    """
    if base.data_root != accepted.data_root:
        raise BaseMismatch(number, base.data_root, accepted.data_root)
