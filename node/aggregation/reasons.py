"""Why a seat earned nothing: one code, the same in the signed leaves, in REST and on screen."""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Reason code of a contribution (uint8 in the weight tree). NONE: the seat's update counted and agreed."""

    NONE = 0
    NO_COMMIT = 1
    NO_REVEAL = 2
    NOT_AVAILABLE = 3
    MALFORMED = 4
    DUPLICATE = 5
    ZERO_UPDATE = 6
    FILTERED = 7
    NO_NEW_DIRECTION = 8
    FAILED_CHECK = 9

    @property
    def slug(self) -> str | None:
        """The word people see, such as "no-reveal"; None for NONE."""
        return None if self is Reason.NONE else self.name.lower().replace("_", "-")

    @classmethod
    def of_slug(cls, slug: str | None) -> Reason:
        """Read a word back. Raises ValueError for an unknown one."""
        for reason in cls:
            if reason.slug == slug:
                return reason
        raise ValueError(f"no such reason: {slug!r}")
