"""`python -m verifier`: audit a project; `swarmproof audit` has the same options and more ways to set them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pydantic import ValidationError

from contracts.errors import SwarmProofError
from verifier.audit import AuditSettings, run_audit


def main() -> int:
    """Audit, print the verdict, return the exit code: 0 accept, 3 reject, 4 not everything could be had."""
    arguments = vars(_parser().parse_args())
    as_json = arguments.pop("json")
    try:
        settings = AuditSettings(**{name: value for name, value in arguments.items() if value is not None})
        verdict = run_audit(settings)
    except ValidationError as error:
        first = error.errors()[0]
        print(f"setting {'.'.join(map(str, first['loc']))}: {first['msg']} (found {first['input']!r})", file=sys.stderr)
        return 2
    except SwarmProofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(verdict.to_json()) if as_json else verdict)
    return verdict.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verifier",
        description="Replay the accepted rounds of a project and say accept, or the first divergence.",
        epilog="example: python -m verifier --deployment swarmproof-deployment.json --export project.car",
    )
    parser.add_argument("--rpc-url", help="the chain's JSON-RPC endpoint (default http://127.0.0.1:8545)")
    parser.add_argument("--chain-id", type=int, help="refuse any other chain")
    parser.add_argument("--deployment", type=Path, help="the deployment record")
    parser.add_argument("--project", help="address of the project (default: the deployment's only one)")
    parser.add_argument(
        "--gateway", action="append", dest="gateways", help="read from this peer instead of those the chain names"
    )
    parser.add_argument("--round", type=int, help="audit this round only")
    parser.add_argument("--offline", type=Path, help="audit an archive: a folder or a CAR file")
    parser.add_argument("--export", type=Path, help="also write an archive: a folder, or a CAR file if it ends in .car")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
