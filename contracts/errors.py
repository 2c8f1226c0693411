"""What can go wrong between us and the chain.

Error tree:

* SwarmProofError            root of every expected failure of the project; `exit_code` is what the command line answers
"""

from __future__ import annotations


class SwarmProofError(Exception):
    """An expected failure: the message is one clear sentence for the person at the terminal.

    `exit_code`: 1 failure, 2 wrong usage, 3 rejected by verification, 4 chain or peer unreachable.
    """

    exit_code = 1
