"""From the last reveal to a result, as a pure function: the windows for votes and promises, and who is left out."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from node.rounds.actions import (
    Announce,
    Appear,
    Attest,
    CommitResult,
    Leak,
    Open,
    PinSeed,
    PostVotes,
    Propose,
    PunishSilence,
    ShowResult,
    Skip,
    Submit,
)
from node.rounds.agreement import HaveList, Judgement, Proposal, judge, rank, voted_seats
from node.rounds.drawing import drawn_attesters, electorate
from node.rounds.history import Presence, RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.state import next_actions
from tests.node.rounds.test_state import (
    ACCOUNTS,
    ME,
    PLACE,
    REVEALED,
    RULES,
    SEAT_WEI,
    SEED,
    accepted,
    attesting,
    full_lists,
    history,
    round_,
)

VOTING = replace(RULES, availability_seconds=30)
COMMITTING = replace(RULES, attest_commit_seconds=60)
LISTS = full_lists()
EVIDENCE = frozenset(have.statement for have in LISTS.values())
FIRST, *REST = rank(SEED, "collect", ACCOUNTS)


def with_votes(**changes: object) -> RoundHistory:
    """Reveal until 110, vote until 140, attest until 200."""
    ends = {"availability_end": 140, "attest_start": 140, "attest_end": 200}
    return replace(round_(commits=4, reveals=4), **{**ends, **changes})  # type: ignore[arg-type]


def with_promises(**changes: object) -> RoundHistory:
    """Reveal until 110, promise until 170, attest until 230."""
    return replace(round_(commits=4, reveals=4), attest_start=170, attest_end=230, **changes)  # type: ignore[arg-type]


def presence(account: str, seats: int = 1) -> Presence:
    return Presence(account, b"p" * 32, seats, PLACE)  # type: ignore[arg-type]


def decide(
    swarm: SwarmHistory, known: Knowledge, me: str = ME, *, now: int, rules: object = RULES
) -> tuple[object, ...]:
    return next_actions(swarm, rules, replace(known, block=5), me, now=now)


def test_inputs_are_proposed_while_votes_may_come_and_signed_only_after() -> None:
    swarm, proposal = history(with_votes()), Proposal(FIRST, REVEALED, EVIDENCE)
    assert decide(swarm, attesting(), FIRST, now=112, rules=VOTING) == (Propose(1, proposal),)
    known = attesting(proposals=(proposal,))
    assert decide(swarm, known, now=139, rules=VOTING) == ()
    assert decide(swarm, known, now=140, rules=VOTING) == (Attest(1, REVEALED),)


def test_a_second_collector_waits_until_nobody_can_vote_any_more() -> None:
    swarm = history(with_votes())
    assert decide(swarm, attesting(), REST[0], now=129, rules=VOTING) == ()
    assert decide(swarm, attesting(), REST[0], now=140 + VOTING.turn_seconds - 1, rules=VOTING) == ()
    [propose] = decide(swarm, attesting(), REST[0], now=140 + VOTING.turn_seconds, rules=VOTING)
    assert isinstance(propose, Propose)


def test_who_is_left_out_by_the_collector_brings_the_votes_of_others() -> None:
    own = frozenset({1})  # ME holds seat 1
    short = Proposal(FIRST, REVEALED - own, EVIDENCE)
    swarm = history(with_votes())
    assert PostVotes(1, frozenset({0})) not in decide(swarm, attesting(proposals=(short,)), now=129, rules=VOTING)
    assert PostVotes(1, frozenset({0})) in decide(swarm, attesting(proposals=(short,)), now=130, rules=VOTING)
    full = Proposal(FIRST, REVEALED, EVIDENCE)
    assert decide(swarm, attesting(proposals=(short, full)), now=130, rules=VOTING) == ()
    few = attesting(proposals=(short,), latest=dict(list(LISTS.items())[:2]))
    assert PostVotes(1, frozenset({0})) not in decide(swarm, few, now=130, rules=VOTING)
    voted = with_votes(votes=MappingProxyType(dict.fromkeys(ACCOUNTS[:3], own)))
    assert PostVotes(1, frozenset({0})) not in decide(
        history(voted), attesting(proposals=(short,)), now=130, rules=VOTING
    )


def test_votes_of_two_thirds_on_the_chain_make_an_update_part_of_every_result() -> None:
    weights = dict.fromkeys(ACCOUNTS, SEAT_WEI)
    votes = {account: frozenset({1}) for account in ACCOUNTS[:3]}
    total = 4 * SEAT_WEI
    assert voted_seats(votes, REVEALED, weights, total) == {1}
    assert voted_seats(dict(list(votes.items())[:2]), REVEALED, weights, total) == frozenset()
    lists = {account: HaveList(account, REVEALED - {1}, account.encode()[:32]) for account in ACCOUNTS}
    cited = {have.statement: have for have in lists.values()}

    def judged(seats: frozenset[int]) -> Judgement:
        proposal = Proposal(FIRST, seats, frozenset(cited))
        return judge(
            proposal,
            collectors=[FIRST],
            statements=cited,
            latest=lists,
            held=REVEALED,
            revealed=REVEALED,
            weights=weights,
            total=total,
            voted=frozenset({1}),
        )

    assert judged(REVEALED) is Judgement.FOLLOW
    assert judged(REVEALED - {1}) is Judgement.CENSORS
    assert judged(frozenset({1, 2})) is Judgement.WRONG


def test_a_collector_proposes_what_was_voted_for() -> None:
    votes = MappingProxyType({account: frozenset({1}) for account in ACCOUNTS[:3]})
    lists = {account: replace(have, seats=REVEALED - {1}) for account, have in LISTS.items()}
    known = attesting(latest=lists)
    [propose] = decide(history(with_votes(votes=votes)), known, FIRST, now=140, rules=VOTING)
    assert isinstance(propose, Propose)
    assert propose.proposal.seats == REVEALED


def test_a_result_is_promised_first_shown_later_and_submitted_with_those_who_promised() -> None:
    proposal = Proposal(FIRST, REVEALED, EVIDENCE)
    known = attesting(proposals=(proposal,))
    assert decide(history(with_promises()), known, now=115, rules=COMMITTING) == (Attest(1, REVEALED),)
    signed = replace(known, signed=True)
    assert decide(history(with_promises()), signed, now=116, rules=COMMITTING) == (CommitResult(1),)
    promised = with_promises(commitments=MappingProxyType({account: presence(account) for account in ACCOUNTS[:3]}))
    assert decide(history(promised), signed, now=117, rules=COMMITTING) == ()
    assert decide(history(promised), signed, now=170, rules=COMMITTING) == (ShowResult(1),)
    order = rank(SEED, "collect", ACCOUNTS[:3])
    shown = replace(signed, shown=True, supporters=frozenset(ACCOUNTS[:3]))
    assert decide(history(promised), shown, order[0], now=170, rules=COMMITTING) == (Submit(1),)
    late = replace(shown, supporters=frozenset(ACCOUNTS[1:]))
    assert decide(history(promised), late, order[0], now=170, rules=COMMITTING) == (), "the fourth promised nothing"


def test_who_promised_nothing_appears_when_the_quorum_fails() -> None:
    known = attesting(signed=True, shown=True)
    begin = 110 + 2 * RULES.attest_seconds // 3
    assert Appear(1) not in decide(history(round_(commits=4, reveals=4)), known, now=begin - 1)
    assert Appear(1) in decide(history(round_(commits=4, reveals=4)), known, now=begin)
    there = replace(round_(commits=4, reveals=4), attests=MappingProxyType({ME: presence(ME)}))
    assert Appear(1) not in decide(history(there), known, now=begin)


def test_drawn_attesters_are_replaced_quarter_by_quarter() -> None:
    swarm = replace(history(with_promises()), attesters_per_round=1)
    current = swarm.rounds[0]
    counts = [len(drawn_attesters(swarm, current, now=now)) for now in (115, 130, 145, 160)]
    assert counts == sorted(counts)
    assert counts[2:] == [4, 4], "four times one of four"
    few = electorate(swarm, current, (), now=115)
    assert few.total == SEAT_WEI
    assert sum(electorate(swarm, current, ACCOUNTS, now=160).weights.values()) == 4 * SEAT_WEI
    assert electorate(swarm, current, ACCOUNTS, now=160).total == 4 * SEAT_WEI
    joined = replace(current, commitments=MappingProxyType({ACCOUNTS[3]: presence(ACCOUNTS[3])}))
    assert 4 in drawn_attesters(replace(swarm, rounds=(joined,)), joined, now=115)
    assert replace(swarm, rounds=(joined,)).quorum_total_wei(joined) == SEAT_WEI


def test_only_drawn_seats_train() -> None:
    rules = replace(RULES, trainers=2)
    assert decide(history(round_()), Knowledge(), now=50, rules=rules) == ()
    assert decide(history(round_()), Knowledge(drawn=frozenset({1})), now=50, rules=rules) != ()


def test_the_next_round_waits_for_the_block_of_its_seed() -> None:
    done = replace(accepted(at=120), pinned_block=9)
    first = rank(b"h" * 32, "open", ACCOUNTS)[0]
    for block, opens in ((8, False), (9, False), (10, True)):
        actions = next_actions(history(done), RULES, Knowledge(settled=frozenset({1}), block=block), first, now=121)
        assert (Open() in actions) is opens
    forgotten = Knowledge(settled=frozenset({1}), block=9 + 256)
    pinner = rank(SEED, "pin", ACCOUNTS)[0]
    assert PinSeed() in next_actions(history(done), RULES, forgotten, pinner, now=200)
    assert Open() not in next_actions(history(done), RULES, forgotten, first, now=121)


def test_no_round_opens_while_the_guardian_pauses() -> None:
    first = rank(b"g" * 32, "open", ACCOUNTS)[0]
    paused = replace(history(), paused_until=60)
    assert decide(paused, Knowledge(), first, now=59) == ()
    assert decide(paused, Knowledge(), first, now=60) == (Open(),)


@pytest.mark.parametrize("bond", [0, 100])
def test_silence_is_punished_by_one_peer_once(bond: int) -> None:
    rules, silent = replace(RULES, silence_bond_bps=bond), round_(commits=4, reveals=2)
    first, second = rank(SEED, "punish", ACCOUNTS)[:2]
    punish = PunishSilence(1, (3, 4))
    known = attesting(announced=Announce(1, REVEALED))
    assert (punish in decide(history(silent), known, first, now=110, rules=rules)) is bool(bond)
    assert punish not in decide(history(silent), known, second, now=110, rules=rules)
    done = replace(silent, punished=frozenset({3, 4}))
    assert punish not in decide(history(done), known, first, now=110, rules=rules)


def test_the_absent_leak_when_a_round_with_updates_was_skipped() -> None:
    leaker = rank(SEED, "leak", ACCOUNTS)[0]
    lost = replace(round_(commits=4, reveals=4), skipped=PLACE, attests=MappingProxyType({ME: presence(ME)}))
    assert Leak(1, (2, 3, 4)) in decide(history(lost), Knowledge(), leaker, now=170)
    partly = replace(lost, leaked=frozenset({2}))
    assert Leak(1, (3, 4)) in decide(history(partly), Knowledge(), leaker, now=170)
    drawn = replace(RULES, attesters=2)
    assert not [item for item in decide(history(lost), Knowledge(), leaker, now=170, rules=drawn) if item == Leak]
    quiet = replace(round_(commits=4), skipped=PLACE)
    assert Skip(1) not in decide(history(quiet), Knowledge(), leaker, now=170)
    assert not any(isinstance(item, Leak) for item in decide(history(quiet), Knowledge(), leaker, now=170))
