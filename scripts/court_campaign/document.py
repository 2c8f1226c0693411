"""The figures of a campaign as a page of docs/results."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from scripts.court_campaign.settings import HONEST

VERDICTS = ("accept", "reject-disagreement", "reject-no-show", "inconclusive", "expired")


def markdown(found: Mapping[str, Any]) -> str:
    """The whole page."""
    class_, kinds, gas = found["class"], found["kinds"], found["gas"]
    honest = next(item for item in kinds if item["kind"] == HONEST)
    cheats = found["cheats"]
    lines = [
        f"# Jobs through the output court: `{class_['task']}`",
        "",
        "Made by",
        "",
        *_command(found["command"]),
        "",
        f"Task `{class_['task']}`, checkpoint `{class_['checkpoint']}` of round {class_['round']}, hash "
        f"`{class_['hash']}`, T = {class_['threshold']} of 256 bits. A development chain (`{found['chain']}`), "
        f"{found['verifiers']} verifiers and a worker of every kind, each a process of its own, and a requester who is "
        "content with whatever is accepted; committees of three, no appeals. Workers and verifiers share one machine, "
        "but verifiers are told to do without parts of its instruction set, so that honest outputs are rounded "
        "differently. Whatever the court decides rests on nothing but their commitments and openings.",
        "",
        *_verdict_table(kinds),
        "",
        f"Honest jobs not accepted: {honest['errors']} of {honest['jobs']:,}, below {_rate(honest['bound'])}. "
        f"Cheats accepted: {cheats['errors']} of {cheats['jobs']:,}, below {_rate(cheats['bound'])} all together. "
        "Bounds are one-sided, exact (Clopper and Pearson) and hold with 95%; jobs are independent, each has a seed of "
        "its own.",
        "",
        "## Distances",
        "",
        f"Bits between the digests of worker and member, every pair of every committee. {_differing(honest)}",
        "",
        *_distance_table(kinds, class_["threshold"]),
        "",
        "## Cost",
        "",
        *_gas_table(gas),
        "",
        *_gas_sentence(gas),
        f"{found['jobs']:,} jobs in {found['seconds']:,.0f} seconds, {found['seconds_per_job']:.2f} seconds a job, up "
        f"to {found['in_flight']} at once; {_seconds(honest)} from the submission of an honest job to its verdict in "
        f"the median. Everything on {found['machine']}, which others used at the same time.",
        "",
    ]
    return "\n".join(_wrapped(lines))


def _command(command: str) -> list[str]:
    """A command as an indented block, continued over lines."""
    first, *others = textwrap.wrap(command, 110, break_long_words=False, break_on_hyphens=False)
    lines = [f"    {first}", *(f"        {line}" for line in others)]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _verdict_table(kinds: list[dict[str, Any]]) -> list[str]:
    used = [name for name in VERDICTS if any(name in item["verdicts"] for item in kinds)]
    lines = [
        "| worker | jobs | " + " | ".join(name.replace("-", " ") for name in used) + " | errors | at most |",
        "| --- | --: |" + " --: |" * (len(used) + 2),
    ]
    for item in kinds:
        counts = " | ".join(f"{item['verdicts'].get(name, 0):,}" for name in used)
        lines.append(f"| {item['kind']} | {item['jobs']:,} | {counts} | {item['errors']} | {_rate(item['bound'])} |")
    return lines


def _distance_table(kinds: list[dict[str, Any]], threshold: int) -> list[str]:
    lines = [
        "| worker | pairs | least | median | 99% | largest | within T |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for item in kinds:
        found = item["distances"]
        if found is None:
            lines.append(f"| {item['kind']} | 0 | | | | | |")
            continue
        within = sum(count for bits, count in item["histogram"].items() if int(bits) <= threshold)
        figures = " | ".join(f"{found[name]:g}" for name in ("least", "median", "p99", "largest"))
        lines.append(f"| {item['kind']} | {found['count']:,} | {figures} | {within / found['count']:.2%} |")
    return lines


def _differing(honest: Mapping[str, Any]) -> str:
    """How many honest pairs differ at all."""
    bits = [int(name) for name in honest["histogram"] if name != "0"]
    if not bits:
        return "No honest pair differs."
    pairs = sum(honest["histogram"][str(item)] for item in bits)
    return f"{pairs:,} of the {honest['distances']['count']:,} honest pairs differ at all, by {_range(bits)} bits."


def _range(values: list[int]) -> str:
    return f"{min(values)} to {max(values)}" if min(values) < max(values) else str(min(values))


def _gas_table(gas: Mapping[str, Any]) -> list[str]:
    lines = ["| step | jobs | least | median | largest |", "| --- | --: | --: | --: | --: |"]
    for name, found in (*gas["steps"].items(), ("whole job", gas["total"])):
        if found is not None:
            figures = " | ".join(_number(found[key]) for key in ("count", "least", "median", "largest"))
            lines.append(f"| {name} | {figures} |")
    return lines


def _gas_sentence(gas: Mapping[str, Any]) -> list[str]:
    """Nothing where no job was accepted."""
    if gas["total"] is None:
        return []
    return [
        f"Gas of {gas['jobs']:,} accepted jobs, all transactions of all parties that the court took. A whole job takes "
        f"{_number(gas['total']['median'])} in the median, {_number(gas['total']['largest'])} at most.",
        "",
    ]


def _rate(bound: float | None) -> str:
    """Three digits, rounded up: it is a bound."""
    if bound is None:
        return "-"
    unit = 10.0 ** (math.floor(math.log10(bound)) - 2) if bound > 0 else 1.0
    return f"{100 * math.ceil(bound / unit) * unit:.3g}%"


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(item: Mapping[str, Any]) -> str:
    return "-" if item["median_seconds"] is None else f"{item['median_seconds']:g} seconds"


def _wrapped(lines: list[str]) -> list[str]:
    """Paragraphs at 120 columns; tables and indented text as they are."""
    wrapped: list[str] = []
    for line in lines:
        plain = line and not line.startswith(("|", "    ", "#"))
        wrapped += textwrap.wrap(line, 120, break_long_words=False, break_on_hyphens=False) if plain else [line]
    return wrapped
