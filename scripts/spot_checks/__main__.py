"""`python -m scripts.spot_checks`: what honest machines need, what checks cost and what they catch, as Markdown."""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

import structlog

from node.tasks.registry import load_task
from scripts.spot_checks import arithmetic, caught, cost


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m scripts.spot_checks", description=__doc__)
    parser.add_argument("--task", action="append", help="digits, mnist, flow or text, repeatable; default digits")
    parser.add_argument("--data-dir", action="append", type=Path, help="folder of each task's files, in the same order")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each attack; 0 leaves attacks out")
    parser.add_argument("--attack", action="append", help="this attack only, repeatable")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    tasks = chosen.task or ["digits"]
    folders = [*(chosen.data_dir or []), *[None] * len(tasks)]
    print("| task | honest machine | segments | equal bits | way, bits | next step, bits | length |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, folder in zip(tasks, folders, strict=False):
        manifest = load_task(name, data_dir=folder).default_manifest()
        for row in arithmetic.rows(manifest, folder):
            print(
                f"| {row.task} | {row.variant} | {row.segments} | {row.equal} | {row.way_bits} | {row.step_bits} "
                f"| {row.length:.2%} |",
                flush=True,
            )
    print("\n| task | parameters | training, s | checks, s | trace, MB | fetched a check, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, folder in zip(tasks, folders, strict=False):
        asyncio.run(print_cost(name, folder))
    if chosen.rounds:
        asyncio.run(print_attacks(chosen.attack or caught.names(), chosen.rounds))


async def print_cost(name: str, folder: Path | None) -> None:
    """A row of the table of costs."""
    task = load_task(name, data_dir=folder)
    found = await cost.cost(task, task.default_manifest())
    print(
        f"| {found.task} | {found.parameters:,} | {found.training_seconds:.2f} | {found.checking_seconds:.2f} "
        f"| {found.trace_bytes / 1e6:.2f} | {found.fetched_bytes / 1e6:.2f} |",
        flush=True,
    )


async def print_attacks(attacks: list[str], rounds: int) -> None:
    """The table of attacks, on digits."""
    task = load_task("digits")
    manifest = task.default_manifest(shard_count=caught.SEATS)
    print("\n| attack | updates | caught | paid | honest updates | failed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in attacks:
        row = await caught.caught(task, manifest, name, rounds)
        share = row.paid_wei / (rounds * 10**18)
        print(
            f"| `{row.attack}` | {row.attacking} | {row.caught} | {share:.1%} | {row.honest} | {row.accused} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
