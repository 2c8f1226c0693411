"""What can go wrong before a message exists. What can go wrong with a received one is `node.errors.MalformedMessage`.

Error tree:

* NodeError (node.errors)
  - UnencodableVector       a vector that is not finite, too large, or of another length or type than the manifest says
"""

from __future__ import annotations

from node.errors import NodeError


class UnencodableVector(NodeError):
    """The caller's vector cannot become a message; `reason` says why, with values."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the update cannot be encoded: {reason}")
        self.reason = reason
