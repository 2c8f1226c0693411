"""Silent: commit to an update and never reveal it, so that the others wait for the end of the window."""

from __future__ import annotations

from node.attacks.base import Attack


class Silent(Attack):
    """Train and commit like anybody else, then say nothing."""

    name = "silent"
    reveals = False
