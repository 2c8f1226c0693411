"""What can go wrong in a training peer, apart from the chain.

Error tree:

* SwarmProofError (contracts.errors; carries the exit code of the command line)
  - NodeError
    + ManifestError          a manifest that cannot be what its hash promised
    + MalformedMessage       bytes of a peer's update that the strict parser refuses
    + MalformedCheckpoint    bytes of a checkpoint that are not canonical or do not fit the manifest
    + RuleError              a robust rule asked for what it cannot do (bound, name, parameters)
    + StorageError           content that is missing or is not what its identifier says
    + ExchangeError          other peers: unreachable, lying, or speaking wrongly
    + TaskError              data of a training task that is missing or damaged
    + HistoryError           events of a chain that its contracts cannot have emitted in that order
    + StateError             a state directory that is damaged or belongs to somebody else
    + ConfigurationError     a setting that cannot be used
    + HashError              an output or a vector that has no digest
"""

from __future__ import annotations

from contracts.errors import SwarmProofError


class NodeError(SwarmProofError):
    """Root of everything a peer raises about itself or its input."""


class ManifestError(NodeError):
    """A manifest is not canonical, not complete or out of range."""


class MalformedMessage(NodeError):
    """An update message broke the wire format; `reason` says which rule, with values."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed update message: {reason}")
        self.reason = reason


class MalformedCheckpoint(NodeError):
    """Checkpoint bytes are not canonical or do not fit the manifest."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed checkpoint: {reason}")
        self.reason = reason


class RuleError(NodeError):
    """A robust rule is unknown, misnamed or used outside its bound."""

    exit_code = 2


class StorageError(NodeError):
    """A content store could not give back what was put into it."""


class ExchangeError(NodeError):
    """Another peer could not be reached or sent what it should not."""

    exit_code = 4


class TaskError(NodeError):
    """Training data is missing or damaged."""

    exit_code = 2


class HistoryError(NodeError):
    """Events that the contracts cannot have emitted in that order; `operands` are what was compared, by name."""

    exit_code = 3

    def __init__(self, problem: str, **operands: object) -> None:
        listed = ", ".join(f"{name} = {_shown(value)}" for name, value in operands.items())
        super().__init__(f"the chain's history is impossible: {problem} ({listed})")
        self.problem = problem
        self.operands = operands


class StateError(NodeError):
    """A state directory is damaged or belongs to another peer or project."""


class ConfigurationError(NodeError):
    """A setting is unknown, missing or contradicts another."""

    exit_code = 2


class HashError(NodeError):
    """An output or a vector that has no digest: empty, not finite, or of another kind than the hash takes."""


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
