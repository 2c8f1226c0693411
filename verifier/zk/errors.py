"""What can go wrong around proofs, apart from a proof that shows nothing: that is a Reject.

Error tree (in brackets the exit code of the command line where it is not 1):

* VerifierError (verifier.errors)
  - ZkError
    + EzklMissing [2]       the extra `zk` is not installed
    + EzklRefused           EZKL said no: an image out of range, damaged input
    + EzklDied              EZKL ended without an answer: crashed, killed, out of time
    + HeadUnsupported [2]   a checkpoint whose head this circuit cannot hold
    + CircuitDamaged [3]    a circuit's folder that is not what was written
    + MalformedProof [3]    bytes that are no proof file
"""

from __future__ import annotations

from pathlib import Path

from verifier.errors import VerifierError


class ZkError(VerifierError):
    """Root of everything that proving and its circuits raise."""


class EzklMissing(ZkError):
    """`package` of the extra `zk` cannot be imported."""

    exit_code = 2

    def __init__(self, package: str) -> None:
        super().__init__(f"{package} is not installed: run `pip install -e '.[zk]'`")
        self.package = package


class EzklRefused(ZkError):
    """EZKL's function `call` raised; `reason` is its message."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"EZKL's {call} refused: {reason}")
        self.call, self.reason = call, reason


class EzklDied(ZkError):
    """The process of EZKL's function `call` gave no answer; `how` it ended."""

    def __init__(self, call: str, how: str) -> None:
        super().__init__(f"EZKL's {call} gave no answer: {how}")
        self.call, self.how = call, how


class HeadUnsupported(ZkError):
    """A model that is not one hidden layer over pixels, or too large for the circuit."""

    exit_code = 2


class CircuitDamaged(ZkError):
    """`part` of the circuit in `folder` should be `expected` and is `found`."""

    exit_code = 3

    def __init__(self, folder: Path, part: str, expected: str, found: str) -> None:
        super().__init__(f"the circuit in {folder} is damaged: {part}: expected {expected}, found {found}")
        self.folder, self.part, self.expected, self.found = folder, part, expected, found


class MalformedProof(ZkError):
    """Bytes that are no proof file; `reason` says why."""

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a proof file: {reason}")
        self.reason = reason
