"""Keep where the contracts' variables are in storage, for a test to compare: `python -m scripts.contract_storage`.

Writes contracts/snapshots/storage.json out of the committed artifacts.
"""

from __future__ import annotations

import json
import sys

from contracts.build import ARTIFACTS, ROOT

SNAPSHOT = ROOT / "snapshots" / "storage.json"


def main() -> int:
    """Command line; returns the exit code."""
    layouts = {path.stem: json.loads(path.read_text("utf-8"))["storage"] for path in sorted(ARTIFACTS.glob("*.json"))}
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(json.dumps(layouts, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
