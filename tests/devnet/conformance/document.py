"""docs/devnet-conformance.md: which public tests apply, and why the others do not.

`python -m tests.devnet.conformance.document` writes it anew.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tests.devnet.conformance import blocks, execution, opcodes, state
from tests.devnet.conformance.inapplicable import ABSENT_METHODS, INAPPLICABLE

DOCUMENT = Path(__file__).parents[3] / "docs" / "devnet-conformance.md"
INTRODUCTION = """# Conformance of the devnet

The [public tests of Ethereum's JSON-RPC](https://github.com/ethereum/execution-apis/tree/main/tests) are requests to
one particular chain, with its answers. A [devnet](../hardhat-free-devnet/README.md) cannot hold that chain: it passes
through forks from before proof of stake and has blob transactions. So `tests/devnet/conformance` expresses what each
test asks for against a chain of its own, with one transaction of every kind. Answers are checked in their shape (no
member missing, none unknown, every form) and against what cannot agree by chance: hashes of bytes the test signed,
headers hashed anew, proofs verified, gas counted from the rules. What matters of a refusal is its code and words. The
files themselves, with the answers of their chain, are not run and not part of this repository.

{applied} tests of {methods} methods are expressed and pass; {inapplicable} do not apply. The methods of consensus
clients (`engine_`), of administrators (`admin_`) and of single clients are left out, as are proposals nobody has
released.

`python -m tests.devnet.conformance.document` writes this page; a test compares.

## Tests that apply
"""


def document() -> str:
    """The document."""
    applied: dict[str, list[str]] = defaultdict(list)
    for part in (blocks, execution, opcodes, state):
        for name in part.EXPRESSIONS.by_name:
            method, test = name.split("/")
            applied[method].append(test)
    for method, reasons in INAPPLICABLE.items():
        for names in reasons.values():
            assert not set(names) & set(applied[method]), method
    inapplicable = sum(len(names) for reasons in INAPPLICABLE.values() for names in reasons.values())
    inapplicable += sum(count for count, _ in ABSENT_METHODS.values())
    lines = [
        INTRODUCTION.format(applied=sum(map(len, applied.values())), methods=len(applied), inapplicable=inapplicable),
        "| method | tests that pass |",
        "| --- | --- |",
        *(f"| `{method}` | {' '.join(sorted(applied[method]))} |" for method in sorted(applied)),
        "",
        "## Tests that do not",
        "",
        "| method | tests | why |",
        "| --- | --- | --- |",
    ]
    for method in sorted({*INAPPLICABLE, *ABSENT_METHODS}):
        for reason, names in INAPPLICABLE.get(method, {}).items():
            lines.append(f"| `{method}` | {' '.join(names)} | {reason} |")
        if method in ABSENT_METHODS:
            count, reason = ABSENT_METHODS[method]
            lines.append(f"| `{method}` | all {count} | {reason} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
