"""Answers about projects: one reader behind every route and every asking command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from frontend_api.errors import (
    ContributionNotFound,
    PeerNotFound,
    ProjectNotFound,
    RewardNotFound,
    RoundNotFound,
)
from frontend_api.indexing.database import (
    AccountView,
    ClaimView,
    ContributionRow,
    ProjectView,
    RecordRow,
    RewardRow,
    RoundView,
    SeatView,
    SignatureRow,
    UpdateView,
)
from frontend_api.pagination import Page
from frontend_api.reading.index_reader import IndexReader
from frontend_api.reading.items import (
    checkpoint_item,
    contribution_item,
    project_item,
    round_fields,
    round_item,
    transaction,
    unsigned_contribution,
)
from frontend_api.reading.listings import (
    CHECKPOINTS,
    CONTRIBUTIONS,
    PROJECTS,
    ROUNDS,
    active_seat,
    select_checkpoints,
    select_contributions,
    select_peers,
    select_projects,
    select_rounds,
)
from frontend_api.reading.proofs import claim_proof, contribution_proofs
from frontend_api.schemas import (
    Checkpoint,
    ClaimProof,
    Contribution,
    ContributionAnswer,
    Evidence,
    Head,
    Listed,
    Peer,
    PeerAnswer,
    PeerDetail,
    Project,
    ProjectAnswer,
    Result,
    RewardAnswer,
    Round,
    RoundAnswer,
    RoundDetail,
    SeatContribution,
    Signature,
)

PEER_CONTRIBUTIONS = 20


class Reader(IndexReader):
    """Answers about projects: their rounds, peers, rewards."""

    # ---- lists ----------------------------------------------------------------------------------------------------

    async def projects(self, page: Page) -> Listed[Project]:
        """Projects of the deployment."""
        return await self._list(select_projects(), PROJECTS, page, "/api/v1/projects", lambda row: project_item(row[0]))

    async def rounds(self, project: str, page: Page) -> Listed[Round]:
        """Rounds of a project."""
        statement = select_rounds(project)
        return await self._list(statement, ROUNDS, page, "/api/v1/rounds", lambda row: round_item(*row))

    async def contributions(self, project: str, page: Page) -> Listed[Contribution]:
        """Signed contributions of a project."""
        return await self._list(
            select_contributions(project),
            CONTRIBUTIONS,
            page,
            "/api/v1/contributions",
            lambda row: contribution_item(project, row[1], row[0]),
        )

    async def checkpoints(self, project: str, page: Page) -> Listed[Checkpoint]:
        """Accepted checkpoints of a project."""
        statement = select_checkpoints(project)
        return await self._list(statement, CHECKPOINTS, page, "/api/v1/checkpoints", lambda row: checkpoint_item(*row))

    async def peers(self, project: str, page: Page) -> Listed[Peer]:
        """Accounts that hold or held seats."""
        newest, row_of_project = await self._newest_record(project), await self.project(project)
        epoch = self.time // row_of_project.epoch_seconds
        statement, listing = select_peers(project, epoch, newest.result_hash if newest else None)
        return await self._list(
            statement, listing, page, "/api/v1/peers", lambda row: Peer(**_peer(row, row_of_project))
        )

    # ---- single answers -------------------------------------------------------------------------------------------

    async def project(self, address: str | None) -> ProjectView:
        """A project by address, the first one without. Raises ProjectNotFound."""
        statement = select(ProjectView).order_by(ProjectView.number).limit(1)
        if address is not None:
            statement = statement.where(ProjectView.address == address)
        found = await self._session.scalar(statement)
        if found is None:
            raise ProjectNotFound(address)
        return found

    async def project_answer(self, address: str | None) -> ProjectAnswer:
        """One project."""
        return ProjectAnswer(head=self.head, project=project_item(await self.project(address)))

    async def round_row(self, project: str, number: int) -> tuple[RoundView, RecordRow | None]:
        """A round and its record, where found. Raises RoundNotFound."""
        found = (await self._session.execute(select_rounds(project).where(RoundView.number == number))).first()
        if found is None:
            last = await self._session.scalar(select(func.max(RoundView.number)).where(RoundView.project == project))
            raise RoundNotFound(number, last or 0)
        return found[0], found[1]

    async def round(self, project: str, number: int) -> tuple[RoundAnswer, bool]:
        """Everything about a round, and whether that can never change again."""
        row, record = await self.round_row(project, number)
        leaves = await self._rows(ContributionRow, ContributionRow.result_hash == row.result_hash, ContributionRow.seat)
        signatures = await self._rows(SignatureRow, SignatureRow.result_hash == row.result_hash, SignatureRow.signer)
        detail = RoundDetail(
            **round_fields(row, record),
            rule=record.rule if record else None,
            checkpoint_cid=record.checkpoint_cid if record else None,
            result=Result.model_validate(row.result) if row.result else None,
            contributions=[contribution_item(project, number, leaf) for leaf in leaves],
            signatures=[Signature(signer=item.signer, signature=item.signature) for item in signatures],
        )
        return RoundAnswer(head=await self._head_of(row, record), round=detail), _settled(row, record)

    async def contribution(
        self, project: str, number: int, address: str, *, proof: bool
    ) -> tuple[ContributionAnswer, bool]:
        """What an account contributed in a round, and whether that can never change again.

        Raises RoundNotFound or ContributionNotFound.
        """
        row, record = await self.round_row(project, number)
        held = (SeatView.project == project) & (SeatView.owner == address) & active_seat(row.epoch)
        seats = await self._rows(SeatView, held, SeatView.seat)
        if not seats:
            raise ContributionNotFound(number, address)
        of_round = (UpdateView.project == project) & (UpdateView.round == number)
        updates = {item.seat: item for item in await self._rows(UpdateView, of_round, UpdateView.seat)}
        leaves = await self._rows(ContributionRow, ContributionRow.result_hash == row.result_hash, ContributionRow.seat)
        by_seat = {leaf.seat: leaf for leaf in leaves}
        items = []
        for seat in seats:
            leaf, update = by_seat.get(seat.seat), updates.get(seat.seat)
            item = contribution_item(project, number, leaf) if leaf else unsigned_contribution(row, seat, update)
            proofs = contribution_proofs(leaves, seat.seat) if proof and leaf else None
            evidence = Evidence(
                committed=transaction(update.committed) if update else None,
                revealed=transaction(update.revealed) if update else None,
                accepted=transaction(row.accepted),
                finalized=transaction(row.finalized),
                result_hash=row.result_hash,
                result=Result.model_validate(row.result) if row.result else None,
                proofs=proofs,
            )
            items.append(SeatContribution(**item.model_dump(), evidence=evidence))
        rewards = [item.reward_wei for item in items if item.reward_wei is not None]
        answer = ContributionAnswer(
            head=await self._head_of(row, record),
            project=project,
            round=number,
            address=address,
            status=row.status,
            reward_wei=sum(rewards) if len(rewards) == len(items) else None,
            seats=items,
        )
        return answer, _settled(row, record)

    async def peer(self, project: str, address: str) -> PeerAnswer:
        """One account and its latest contributions. Raises PeerNotFound."""
        newest, row_of_project = await self._newest_record(project), await self.project(project)
        epoch = self.time // row_of_project.epoch_seconds
        statement, _ = select_peers(project, epoch, newest.result_hash if newest else None)
        found = (await self._session.execute(statement.where(AccountView.address == address))).first()
        if found is None:
            raise PeerNotFound(address)
        held = (SeatView.project == project) & (SeatView.owner == address) & active_seat(epoch)
        seats = await self._rows(SeatView, held, SeatView.seat)
        latest = select_contributions(project).where(ContributionRow.owner == address)
        latest = latest.order_by(RoundView.number.desc(), ContributionRow.seat).limit(PEER_CONTRIBUTIONS)
        contributions = [
            contribution_item(project, number, leaf) for leaf, number in await self._session.execute(latest)
        ]
        detail = PeerDetail(
            **_peer(found, row_of_project), seat_numbers=[seat.seat for seat in seats], contributions=contributions
        )
        return PeerAnswer(head=self.head, peer=detail)

    async def reward(self, project: str, address: str) -> RewardAnswer:
        """What an account earned and how to claim it. Raises RewardNotFound."""
        accepted = await self._newest_record(project)
        final = await self._newest_final(project)
        claims = await self._session.get(ClaimView, (project, address))
        leaves = await self._reward_leaves(final)
        earned = {leaf.account: leaf.cumulative_wei for leaf in await self._reward_leaves(accepted) or ()}.get(
            address, 0
        )
        if not earned and not claims and await self._session.get(AccountView, (project, address)) is None:
            raise RewardNotFound(address)
        claimed = claims.claimed_wei if claims else 0
        final_wei = None if leaves is None else {leaf.account: leaf.cumulative_wei for leaf in leaves}.get(address, 0)
        claim: ClaimProof | None = None
        if final is not None and leaves and final_wei is not None and final_wei > claimed:
            claim = claim_proof(final.number, leaves, address)
        return RewardAnswer(
            head=self.head,
            project=project,
            address=address,
            earned_wei=earned,
            earned_round=accepted.number if accepted else None,
            claimed_wei=claimed,
            final_round=final.number if final else None,
            final_wei=final_wei,
            claimable_wei=None if final_wei is None else max(0, final_wei - claimed),
            claim=claim,
        )

    async def newest_round(self, project: str) -> RoundView | None:
        """The round opened last."""
        statement = select(RoundView).where(RoundView.project == project).order_by(RoundView.number.desc()).limit(1)
        return await self._session.scalar(statement)

    async def seat_count(self, project: str, epoch: int) -> int:
        """How many seats of a project count in an epoch."""
        counted = (SeatView.project == project) & active_seat(epoch)
        return await self._session.scalar(select(func.count()).select_from(SeatView).where(counted)) or 0

    async def newest_checkpoint(self, project: str) -> Checkpoint | None:
        """The checkpoint accepted last."""
        statement = select_checkpoints(project).order_by(RoundView.number.desc()).limit(1)
        found = (await self._session.execute(statement)).first()
        return checkpoint_item(found[0], found[1]) if found else None

    async def record_count(self) -> int:
        """How many records of accepted rounds are here."""
        joined = (
            select(func.count()).select_from(RecordRow).join(RoundView, RoundView.result_hash == RecordRow.result_hash)
        )
        return await self._session.scalar(joined) or 0

    # ---- parts ----------------------------------------------------------------------------------------------------

    async def _newest_record(self, project: str) -> RoundView | None:
        """The newest accepted round whose record was found."""
        joined = select(RoundView).join(RecordRow, RecordRow.result_hash == RoundView.result_hash)
        statement = joined.where(RoundView.project == project).order_by(RoundView.number.desc()).limit(1)
        return await self._session.scalar(statement)

    async def _newest_final(self, project: str) -> RoundView | None:
        """The newest finalized round, whether or not its record was found."""
        statement = select(RoundView).where(RoundView.project == project, RoundView.status == "finalized")
        return await self._session.scalar(statement.order_by(RoundView.number.desc()).limit(1))

    async def _reward_leaves(self, row: RoundView | None) -> Sequence[RewardRow] | None:
        """Leaves of a round's reward tree by account; none before the first round, None while the record is missing."""
        if row is None:
            return ()
        if await self._session.get(RecordRow, row.result_hash) is None:
            return None
        return await self._rows(RewardRow, RewardRow.result_hash == row.result_hash, RewardRow.account)

    async def _head_of(self, row: RoundView, record: RecordRow | None) -> Head:
        """The block an answer about this round is about: the one that finalized it, once nothing can change."""
        return await self._head_at(row.finalized if _settled(row, record) else None)


def _peer(row: Any, project: ProjectView) -> dict[str, Any]:
    account, seats, earned_wei, claimed_wei = row
    return {
        "address": account.address,
        "endpoint": account.endpoint,
        "peer_key": account.peer_key,
        "seats": seats,
        "stake_wei": seats * project.seat_stake_wei,
        "earned_wei": earned_wei,
        "claimed_wei": claimed_wei,
    }


def _settled(row: RoundView, record: RecordRow | None) -> bool:
    return row.status == "finalized" and record is not None
