"""Custom errors of the token and of OpenZeppelin's parts inside the contracts."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address


class LibraryReverted(TypedRevert):
    """The token, or a library the contracts are built on, refused."""


@dataclass(eq=False)
class AddressEmptyCode(LibraryReverted):
    """A call to an address without a contract."""

    sentence = "there is no contract at {target}"
    target: Address


@dataclass(eq=False)
class FailedCall(LibraryReverted):
    """One of several calls in a transaction failed without saying why."""

    sentence = "a call failed without a reason"


@dataclass(eq=False)
class ECDSAInvalidSignature(LibraryReverted):
    """An ECDSA signature that no account could have made."""

    sentence = "a signature is invalid"


@dataclass(eq=False)
class ECDSAInvalidSignatureS(LibraryReverted):
    """An ECDSA signature whose s is in the upper half."""

    sentence = "a signature is not canonical: s is {s}"
    s: bytes


@dataclass(eq=False)
class ECDSAInvalidSignatureLength(LibraryReverted):
    """A signature that is not 65 bytes long."""

    sentence = "a signature has {length} bytes"
    length: int


@dataclass(eq=False)
class ERC20InsufficientAllowance(LibraryReverted):
    """The owner of the tokens has not approved enough."""

    sentence = "{spender} may move {allowance} of the tokens, {needed} are needed"
    spender: Address
    allowance: int
    needed: int


@dataclass(eq=False)
class ERC20InsufficientBalance(LibraryReverted):
    """The account does not hold enough tokens."""

    sentence = "{sender} holds {balance} of the token, {needed} are needed"
    sender: Address
    balance: int
    needed: int


@dataclass(eq=False)
class ERC20InvalidApprover(LibraryReverted):
    """Approving for the zero address."""

    sentence = "{approver} cannot approve"
    approver: Address


@dataclass(eq=False)
class ERC20InvalidReceiver(LibraryReverted):
    """Tokens cannot go to the zero address."""

    sentence = "{receiver} cannot receive tokens"
    receiver: Address


@dataclass(eq=False)
class ERC20InvalidSender(LibraryReverted):
    """Tokens cannot come from the zero address."""

    sentence = "{sender} cannot send tokens"
    sender: Address


@dataclass(eq=False)
class ERC20InvalidSpender(LibraryReverted):
    """The zero address cannot be approved."""

    sentence = "{spender} cannot spend tokens"
    spender: Address


@dataclass(eq=False)
class ERC2612ExpiredSignature(LibraryReverted):
    """A permit came too late."""

    sentence = "the permit expired at chain time {deadline}"
    deadline: int


@dataclass(eq=False)
class ERC2612InvalidSigner(LibraryReverted):
    """A permit was signed by somebody else."""

    sentence = "the permit for {owner} was signed by {signer}"
    signer: Address
    owner: Address


@dataclass(eq=False)
class InvalidAccountNonce(LibraryReverted):
    """A permit was signed for another nonce."""

    sentence = "the permit's nonce is not {current_nonce}, the next one of {account}"
    account: Address
    current_nonce: int


@dataclass(eq=False)
class InvalidShortString(LibraryReverted):
    """A name too long for one word."""

    sentence = "a short string is damaged"


@dataclass(eq=False)
class StringTooLong(LibraryReverted):
    """A name too long for one word."""

    sentence = "{str} is too long"
    str: str


@dataclass(eq=False)
class CheckpointUnorderedInsertion(LibraryReverted):
    """Stake would change in the past."""

    sentence = "a checkpoint would go before the last one"


@dataclass(eq=False)
class ReentrancyGuardReentrantCall(LibraryReverted):
    """A token called back into the contract."""

    sentence = "the contract was called back while it was moving tokens"


@dataclass(eq=False)
class SafeERC20FailedOperation(LibraryReverted):
    """The token refused without saying why."""

    sentence = "the token {token} refused"
    token: Address


@dataclass(eq=False)
class CloneArgumentsTooLong(LibraryReverted):
    """A configuration that does not fit a clone's code."""

    sentence = "the configuration does not fit a clone"


@dataclass(eq=False)
class FailedDeployment(LibraryReverted):
    """A clone could not be deployed."""

    sentence = "a clone could not be deployed"


@dataclass(eq=False)
class InsufficientBalance(LibraryReverted):
    """The contract lacks ether for a call."""

    sentence = "the contract holds {balance} wei, {needed} are needed"
    balance: int
    needed: int
