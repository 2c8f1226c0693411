"""A contract's refusal as an exception: the shape all of them share, and those that are nobody's custom error."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from contracts.errors import ContractReverted


@dataclass(eq=False)
class TypedRevert(ContractReverted):
    """A revert with operands; the message is `sentence` with them filled in."""

    sentence: ClassVar[str]

    def __str__(self) -> str:
        values = {item.name: _text(getattr(self, item.name)) for item in fields(self)}
        return f"{self.sentence.format(**values)} ({type(self).__name__})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, item.name) for item in fields(self))


@dataclass(eq=False)
class RevertedWithReason(TypedRevert):
    """require() with a text, in contracts that are not ours."""

    sentence = "the contract refused: {reason}"
    reason: str


@dataclass(eq=False)
class RevertedWithPanic(TypedRevert):
    """assert(), arithmetic overflow, index out of range: a defect of the contract."""

    sentence = "the contract failed with panic code {code}"
    code: int


@dataclass(eq=False)
class RevertedWithData(TypedRevert):
    """A revert that none of our ABIs knows; `data` may be empty."""

    sentence = "the contract refused without an error we know: {data}"
    data: bytes


def _text(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
