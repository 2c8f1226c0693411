"""Which transactions the pool takes: every rule with the words geth uses for it, since clients match on them."""

from __future__ import annotations

from dataclasses import dataclass

from eth.abc import SignedTransactionAPI
from eth.constants import SECPK1_N
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from devnet.errors import TransactionRejected
from devnet.evm import Machine, minimum_gas
from devnet.formats import BLOB, SET_CODE, transaction_type
from devnet.hexing import data

MAXIMUM_TRANSACTION_BYTES = 128 * 1024
MAXIMUM_INITCODE_BYTES = 49_152


@dataclass(frozen=True)
class Standing:
    """What the chain knows about a sender and the next block. Amounts in wei."""

    chain_id: int
    base_fee: int
    gas_limit: int
    nonce: int
    balance: int
    queued_cost: int


def decode_transaction(machine: Machine, raw: bytes) -> SignedTransactionAPI:
    """Decode and check the signature. Raises TransactionRejected."""
    if len(raw) > MAXIMUM_TRANSACTION_BYTES:
        raise TransactionRejected(f"oversized data: {len(raw)} bytes, limit {MAXIMUM_TRANSACTION_BYTES}")
    if raw[:1] == b"\x03":
        raise TransactionRejected("transaction type not supported: this devnet takes no blob transactions")
    try:
        transaction = machine.decode(raw)
        transaction.validate()
        # A signature from which a key can be recovered is that key's signature; to verify it again says nothing new.
        transaction.sender  # noqa: B018
        signature_s = transaction.s
    except (ValidationError, RLPException, ValueError, TypeError, NotImplementedError) as failure:
        raise TransactionRejected(f"invalid transaction: {failure}") from failure
    except Exception as failure:  # py-evm has no common root for unknown types and bad signatures
        raise TransactionRejected(f"invalid transaction: {type(failure).__name__}: {failure}") from failure
    if transaction_type(transaction) not in range(SET_CODE + 1) or transaction_type(transaction) == BLOB:
        raise TransactionRejected("transaction type not supported")
    if signature_s > SECPK1_N // 2:
        raise TransactionRejected("invalid sender: signature s is in the upper half")
    return transaction


def check_transaction(transaction: SignedTransactionAPI, standing: Standing) -> None:
    """Raise TransactionRejected for what can never run, or not before something else happens that nobody promised."""
    sender = data(transaction.sender)
    _check_chain_id(transaction, standing.chain_id)
    if transaction.nonce < standing.nonce:
        raise TransactionRejected(f"nonce too low: address {sender}, tx: {transaction.nonce} state: {standing.nonce}")
    if transaction.gas > standing.gas_limit:
        raise TransactionRejected(f"exceeds block gas limit: tx gas {transaction.gas}, limit {standing.gas_limit}")
    needed_gas = minimum_gas(transaction)
    if transaction.gas < needed_gas:
        raise TransactionRejected(f"intrinsic gas too low: gas {transaction.gas}, minimum needed {needed_gas}")
    if not transaction.to and len(transaction.data) > MAXIMUM_INITCODE_BYTES:
        raise TransactionRejected(
            f"max initcode size exceeded: code size {len(transaction.data)}, limit {MAXIMUM_INITCODE_BYTES}"
        )
    _check_fees(transaction, standing.base_fee, sender)
    cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
    if standing.balance < standing.queued_cost + cost:
        raise TransactionRejected(
            f"insufficient funds for gas * price + value: address {sender} have {standing.balance} "
            f"want {standing.queued_cost + cost}"
            + (f" ({standing.queued_cost} of it for transactions that wait)" if standing.queued_cost else "")
        )


def _check_chain_id(transaction: SignedTransactionAPI, expected: int) -> None:
    # Legacy transactions from before EIP-155 name no chain and run on any.
    if transaction.chain_id is not None and transaction.chain_id != expected:
        raise TransactionRejected(f"invalid chain id for signer: have {transaction.chain_id} want {expected}")


def _check_fees(transaction: SignedTransactionAPI, base_fee: int, sender: str) -> None:
    fee, tip = transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas
    if tip > fee:
        raise TransactionRejected(
            f"max priority fee per gas higher than max fee per gas: address {sender}, "
            f"maxPriorityFeePerGas: {tip}, maxFeePerGas: {fee}"
        )
    if fee < base_fee:
        raise TransactionRejected(
            f"transaction underpriced: max fee per gas less than block base fee: address {sender}, "
            f"maxFeePerGas: {fee}, baseFee: {base_fee}"
        )
