"""The machine: eth-tester's py-evm chain, used for exactly three things.

Build a block from transactions, run code without leaving a trace, read state at a block. It keeps no idea of a pool, of
time or of JSON; chain.py has those. States at every block stay readable, since py-evm never prunes.

py-evm's own `pending block` is not used: it re-encodes the whole block for every transaction it takes, and it fixes
block time and prevrandao only after the transactions have run. Here a header is complete before its first transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth.abc import BlockAPI, BlockHeaderAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.constants import GENESIS_PARENT_HASH, ZERO_ADDRESS
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.state import PragueTransactionExecutor
from eth.vm.forks.prague.transactions import Authorization
from eth.vm.spoof import SpoofTransaction
from eth_hash.auto import keccak
from eth_tester.backends.pyevm.main import PyEVMBackend, get_default_genesis_params
from eth_typing import Address, Hash32
from trie.hexary import HexaryTrie

from devnet.accounts import Account
from devnet.listtrie import list_trie


@dataclass(frozen=True)
class BuiltBlock:
    """A block that is in the database, with what its transactions did, in order.

    `refused` holds the transactions that turned out impossible (say, a balance spent by an earlier one), with reasons.
    """

    block: BlockAPI
    receipts: tuple[ReceiptAPI, ...]
    refused: tuple[tuple[SignedTransactionAPI, str], ...]
    edits: tuple[StateEdit, ...] = ()


@dataclass(frozen=True)
class StateEdit:
    """What is written to an account without a transaction; None = as it is. `clears_storage`: before `storage`."""

    address: bytes
    balance: int | None = None
    nonce: int | None = None
    code: bytes | None = None
    storage: tuple[tuple[int, int], ...] = ()
    clears_storage: bool = False


@dataclass(frozen=True)
class Message:
    """A call to run: empty `to` creates a contract. Values in wei; without fees gas is free and the base fee is 0."""

    sender: bytes
    to: bytes
    value: int
    data: bytes
    gas: int
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    max_fee: int = 0
    max_priority_fee: int = 0
    authorizations: tuple[Authorization, ...] = ()


class InsufficientFunds(Exception):
    """The sender of a simulated call does not own the value and fees it offers. `balance` and `needed` in wei."""

    def __init__(self, balance: int, needed: int) -> None:
        super().__init__(f"balance {balance}, value {needed}")
        self.balance = balance
        self.needed = needed


class BuildFailed(Exception):
    """py-evm broke on a transaction that should have run; nothing was stored."""

    def __init__(self, transaction: SignedTransactionAPI, failure: Exception) -> None:
        super().__init__(f"transaction 0x{transaction.hash.hex()}: {type(failure).__name__}: {failure}")
        self.transaction = transaction


class _SimulationExecutor(PragueTransactionExecutor):
    """Runs a message as a transaction without signature, nonce or fee, as `eth_call` does."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        balance = self.vm_state.get_balance(transaction.sender)
        needed = transaction.value + transaction.gas * transaction.max_fee_per_gas
        if balance < needed:
            raise InsufficientFunds(balance, needed)


@dataclass
class _Filling:
    """What py-evm asks a header for while its transactions run; copying a header for each costs more than a call."""

    gas_limit: int
    gas_used: int = 0
    bloom: int = 0


class Machine:
    """A Prague chain that starts at its genesis block, with `accounts` holding `balance_wei` each."""

    def __init__(
        self,
        *,
        chain_id: int,
        accounts: Sequence[Account],
        balance_wei: int,
        gas_limit: int,
        genesis_time_seconds: int,
    ) -> None:
        state = {
            account.raw_address: {"balance": balance_wei, "storage": {}, "code": b"", "nonce": 0}
            for account in accounts
        }
        parameters = get_default_genesis_params({"gas_limit": gas_limit, "timestamp": genesis_time_seconds})
        backend = PyEVMBackend(genesis_parameters=parameters, genesis_state=state or None)
        self._chain: Any = backend.chain
        # eth-tester makes one class a chain, so that this touches no other one.
        type(self._chain).chain_id = chain_id
        self.chain_id = chain_id
        self.genesis: BlockAPI = self._chain.get_canonical_block_by_number(0)

    def decode(self, raw: bytes) -> SignedTransactionAPI:
        """Decode a signed transaction. Raises whatever py-evm or rlp find wrong with the bytes."""
        transaction: SignedTransactionAPI = PragueVM.get_transaction_builder().decode(raw)
        return transaction

    def next_header(self, parent: BlockHeaderAPI, timestamp: int) -> BlockHeaderAPI:
        """The header of the block after `parent`, before any transaction.

        Its prevrandao is the hash of its parent's hash: unlike a beacon's it is known in advance, but reproducible.
        """
        header: BlockHeaderAPI = self._chain.create_header_from_parent(
            parent, timestamp=timestamp, coinbase=ZERO_ADDRESS, mix_hash=keccak(parent.hash)
        )
        return header

    def next_base_fee(self, parent: BlockHeaderAPI) -> int:
        """The base fee of the block after `parent`, in wei (EIP-1559)."""
        return int(calculate_expected_base_fee_per_gas(parent))

    def build(
        self,
        parent: BlockHeaderAPI,
        timestamp: int,
        candidates: Iterable[SignedTransactionAPI],
        edits: tuple[StateEdit, ...] = (),
    ) -> BuiltBlock:
        """Edit the state after `parent`, run the candidates in order, and store the block of those that fit."""
        header = self.next_header(parent, timestamp)
        vm = self._chain.get_vm(header)
        apply_edits(vm.state, edits)
        filling = _Filling(header.gas_limit)
        taken: list[SignedTransactionAPI] = []
        receipts: list[ReceiptAPI] = []
        refused: list[tuple[SignedTransactionAPI, str]] = []
        for transaction in candidates:
            if filling.gas_used + transaction.gas > filling.gas_limit:
                break
            obstacle = _obstacle(vm.state, transaction)
            if obstacle is not None:
                refused.append((transaction, obstacle))
                continue
            try:
                receipt, _ = vm.apply_transaction(filling, transaction)
            except Exception as failure:
                raise BuildFailed(transaction, failure) from failure
            filling.gas_used = receipt.gas_used
            filling.bloom |= receipt.bloom
            taken.append(transaction)
            receipts.append(receipt)
        block = self._sealed(vm, header, filling, taken, receipts)
        return BuiltBlock(block, tuple(receipts), tuple(refused), edits)

    def _sealed(
        self,
        vm: Any,
        header: BlockHeaderAPI,
        filling: _Filling,
        taken: Sequence[SignedTransactionAPI],
        receipts: Sequence[ReceiptAPI],
    ) -> BlockAPI:
        """Store state, receipts and header, and put the block together: once, since py-evm's blocks copy deeply."""
        vm.state.persist()
        transaction_root, _ = list_trie([transaction.encode() for transaction in taken])
        receipt_root, receipt_nodes = list_trie([receipt.encode() for receipt in receipts])
        sealed = header.copy(
            gas_used=filling.gas_used,
            bloom=filling.bloom,
            transaction_root=transaction_root,
            receipt_root=receipt_root,
            state_root=vm.state.state_root,
        )
        chaindb = self._chain.chaindb
        chaindb.persist_trie_data_dict(receipt_nodes)
        chaindb.persist_header(sealed)
        block: BlockAPI = vm.get_block_class()(sealed, transactions=taken, uncles=(), withdrawals=())
        return block

    def rewind(self, header: BlockHeaderAPI) -> None:
        """Make an earlier block the head of the database again."""
        chaindb = self._chain.chaindb
        chaindb._set_as_canonical_chain_head(chaindb.db, header, GENESIS_PARENT_HASH)

    def state(self, header: BlockHeaderAPI) -> StateAPI:
        """The state after the block with this header; what is written to it is never stored."""
        state: StateAPI = self._chain.get_vm(header).state
        return state

    def replay(self, parent: BlockHeaderAPI, header: BlockHeaderAPI) -> Any:
        """The virtual machine as it was before the first transaction of the block with this header."""
        return self._chain.get_vm(header.copy(state_root=parent.state_root, gas_used=0))

    def trie(self, root: bytes) -> HexaryTrie:
        """The Merkle-Patricia trie with this root: of accounts (a header's `state_root`) or of one's storage."""
        return HexaryTrie(self._chain.chaindb.db, Hash32(root))

    @contextmanager
    def simulation(
        self, header: BlockHeaderAPI, edits: Sequence[StateEdit] = (), *, free: bool = True
    ) -> Iterator[Simulation]:
        """Run messages as if inside the block with this header, on the edited state after it; `free`: no base fee."""
        vm = self._chain.get_vm(header)
        inside = header.copy(base_fee_per_gas=0) if free else header
        state = vm.build_state(vm.chaindb.db, inside, vm.chain_context, vm.previous_hashes)
        if edits:
            apply_edits(state, edits)
            state.lock_changes()
        yield Simulation(state, self.chain_id)


class Simulation:
    """Runs messages one after another, each on the same untouched state."""

    def __init__(self, state: StateAPI, chain_id: int) -> None:
        self.state = state
        self._chain_id = chain_id

    def run(self, message: Message) -> ComputationAPI:
        """Run one message and undo it. Raises InsufficientFunds."""
        transaction = self.transaction(message)
        snapshot = self.state.snapshot()
        try:
            return _SimulationExecutor(self.state)(transaction)
        finally:
            self.state.revert(snapshot)

    def minimum_gas(self, message: Message) -> int:
        """What a transaction costs at least, before any code runs (EIP-2028, 2930, 3860, 7623)."""
        return minimum_gas(self.transaction(message))

    def transaction(self, message: Message) -> Any:
        """The message as a transaction that needs no signature."""
        builder: Any = PragueVM.get_transaction_builder()
        fields: dict[str, Any] = {
            "chain_id": self._chain_id,
            "nonce": self.state.get_nonce(Address(message.sender)),
            "max_priority_fee_per_gas": message.max_priority_fee,
            "max_fee_per_gas": message.max_fee,
            "gas": message.gas,
            "to": message.to,
            "value": message.value,
            "data": message.data,
            "access_list": message.access_list,
        }
        if message.authorizations:
            fields["authorization_list"] = message.authorizations
            return SpoofTransaction(builder.new_unsigned_set_code_transaction(**fields), from_=message.sender)
        return SpoofTransaction(builder.new_unsigned_dynamic_fee_transaction(**fields), from_=message.sender)


def apply_edits(state: StateAPI, edits: Iterable[StateEdit]) -> None:
    """Write edits to a state."""
    for edit in edits:
        address = Address(edit.address)
        if edit.balance is not None:
            state.set_balance(address, edit.balance)
        if edit.nonce is not None:
            state.set_nonce(address, edit.nonce)
        if edit.code is not None:
            state.set_code(address, edit.code)
        if edit.clears_storage:
            state.delete_storage(address)
        for slot, value in edit.storage:
            state.set_storage(address, slot, value)


def minimum_gas(transaction: SignedTransactionAPI) -> int:
    """The larger of the intrinsic gas and the price of the data alone (EIP-7623)."""
    intrinsic = transaction.intrinsic_gas
    return intrinsic + PragueTransactionExecutor.calc_data_floor_gas(transaction, intrinsic, 0)


def _obstacle(state: StateAPI, transaction: SignedTransactionAPI) -> str | None:
    """Why a pooled transaction cannot run now, found before py-evm would raise with half a block built."""
    nonce = state.get_nonce(transaction.sender)
    if transaction.nonce != nonce:
        return f"nonce {transaction.nonce}, account is at {nonce}"
    cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
    balance = state.get_balance(transaction.sender)
    if balance < cost:
        return f"balance {balance}, needed {cost}"
    return None
