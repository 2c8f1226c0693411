"""What can go wrong between us and the chain.

Error tree (in brackets the exit code of the command line where it is not 1):

* SwarmProofError              root of every expected failure of the project
  - ContractsError             root of everything this package raises
    + BuildError               the Solidity sources could not be compiled
    + InvalidSignature [3]     a signature that is not of the one canonical form, or of no account
    + KeyFileError [2]         a key file that is missing, readable by others, damaged or locked
    + DeploymentError [2]      a deployment record that is missing, damaged or of another chain
    + ArgumentOutOfRange [2]   a number that the contracts' type for it does not hold
    + ChainError               the chain, or our access to it
      . ChainUnreachable [4]   nothing answers at the address, or not in time, or not JSON-RPC
      . WrongChainId [2]       the node serves another chain than the one asked for
      . MalformedAnswer [4]    the node answered what the protocol or our contracts do not allow
      . RequestRejected        the node answered a request with an error
      . MissingAccount [2]     a transaction was asked for, but no key was given
      . MissingContract [2]    there is no code at the address
      . InsufficientFunds      the account cannot pay for the transaction
      . TransactionTimeout [4] a transaction was sent, but no block took it in time
      . UnknownTransaction     the node does not know the transaction
      . ContractReverted       a contract refused; one subclass a custom error, see contracts.reverts
"""

from __future__ import annotations


class SwarmProofError(Exception):
    """An expected failure: the message is one clear sentence for the person at the terminal.

    `exit_code`: 1 failure, 2 wrong usage, 3 rejected by verification, 4 chain or peer unreachable.
    """

    exit_code = 1


class ContractsError(SwarmProofError):
    """Root of everything the Python face of the contracts raises."""


class BuildError(ContractsError):
    """The Solidity sources could not be compiled, or the tools for it are missing."""


class InvalidSignature(ContractsError):
    """Not 65 canonical bytes r || s || v, or bytes that no account could have made."""

    exit_code = 3

    def __init__(self, signature: bytes, reason: str) -> None:
        super().__init__(f"invalid signature 0x{signature.hex()}: {reason}")
        self.signature, self.reason = signature, reason


class KeyFileError(ContractsError):
    """A key file cannot be used."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"key file {path}: {reason}")
        self.path, self.reason = path, reason


class DeploymentError(ContractsError):
    """A deployment record cannot be used."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"deployment record {path}: {reason}")
        self.path, self.reason = path, reason


class ArgumentOutOfRange(ContractsError):
    """A number does not fit the type `kind` that the contracts give the argument; nothing was sent."""

    exit_code = 2

    def __init__(self, argument: str, value: int, kind: str) -> None:
        # Beyond 128 bits nobody counts the digits, and beyond some thousand Python does not print them.
        bits = value.bit_length()
        shown = str(value) if bits <= 128 else f"a number of {bits} bits"
        super().__init__(f"{argument} is {shown}, which does not fit its type {kind}")
        self.argument, self.value, self.kind = argument, value, kind


class ChainError(ContractsError):
    """Root of everything that goes wrong between us and a node."""


class ChainUnreachable(ChainError):
    """Nothing answers at `url`, or not in time, or what answers does not speak JSON-RPC."""

    exit_code = 4

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"no Ethereum node answers at {url}: {cause}")
        self.url, self.cause = url, cause


class WrongChainId(ChainError):
    """The node serves another chain than the one we were told to use."""

    exit_code = 2

    def __init__(self, url: str, have: int, want: int) -> None:
        super().__init__(f"the node at {url} serves chain {have}, expected chain {want}")
        self.url, self.have, self.want = url, have, want


class MalformedAnswer(ChainError):
    """The node answered something that the protocol or our contracts do not allow."""

    exit_code = 4

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"the node's answer to {method} makes no sense: {reason}")
        self.method, self.reason = method, reason


class RequestRejected(ChainError):
    """The node answered a request with an error that is not a contract's. `data`: raw error data, if any."""

    def __init__(self, method: str, code: int, reason: str, data: bytes | None = None) -> None:
        super().__init__(f"the node refused {method}: {reason} (code {code})")
        self.method, self.code, self.reason, self.data = method, code, reason, data


class MissingAccount(ChainError):
    """Sending needs an account; this connection was opened for reading."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("sending a transaction needs a key, none was given")


class MissingContract(ChainError):
    """No contract is deployed at the address on this chain."""

    exit_code = 2

    def __init__(self, address: str, chain_id: int) -> None:
        super().__init__(f"there is no contract at {address} on chain {chain_id}")
        self.address, self.chain_id = address, chain_id


class InsufficientFunds(ChainError):
    """The account cannot pay what a transaction may cost at most. Amounts in wei."""

    def __init__(self, account: str, balance_wei: int, need_wei: int) -> None:
        super().__init__(f"account {account} has {balance_wei} wei, the transaction may cost up to {need_wei} wei")
        self.account, self.balance_wei, self.need_wei = account, balance_wei, need_wei


class TransactionTimeout(ChainError):
    """A transaction was sent, but no block took it within the time; it may still be mined."""

    exit_code = 4

    def __init__(self, transaction_hash: bytes, timeout_seconds: float) -> None:
        super().__init__(f"transaction 0x{transaction_hash.hex()} was not mined within {timeout_seconds:g} seconds")
        self.transaction_hash, self.timeout_seconds = transaction_hash, timeout_seconds


class UnknownTransaction(ChainError):
    """The node does not know a transaction."""

    def __init__(self, transaction_hash: bytes) -> None:
        super().__init__(f"the node does not know transaction 0x{transaction_hash.hex()}")
        self.transaction_hash = transaction_hash


class ContractReverted(ChainError):
    """A contract refused a call; nothing was changed. Subclasses in `contracts.reverts` carry the operands."""
