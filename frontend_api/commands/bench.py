"""`swarmproof bench`: measure what this machine does."""

from __future__ import annotations

from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation

LENGTHS = ("64", "256", "1024")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench = typer.Typer(name="bench", help="Measure what this machine does.", no_args_is_help=True)
    bench.callback()(lambda: None)  # a group of one command would otherwise be that command
    bench.command(epilog="Example: swarmproof bench hamming --count 100000000 --bits 64")(with_invocation(hamming))
    app.add_typer(bench)


def hamming(
    invocation: Invocation,
    *,
    count: Annotated[int, typer.Option(help="Pairs to compare, at least.", min=1, max=10**12)] = 10**9,
    bits: Annotated[str, typer.Option(help="Length of a digest: 64, 256 or 1024.")] = "256",
    repeats: Annotated[int, typer.Option(help="Runs of each method, in turns; medians count.", min=1)] = 3,
) -> None:
    """Compare a billion pairs of digests and count every distance: ours, plain numpy, and faiss if it is installed."""
    from verifier.hamming_bench import bench_hamming

    output = invocation.output
    if bits not in LENGTHS:
        raise typer.BadParameter(f"{bits!r} is no length of digests: {', '.join(LENGTHS)}", param_hint="--bits")
    with output.working("comparing"):
        report = bench_hamming(count=count, bits=int(bits), repeats=repeats)
    if output.as_json:
        output.document(report.to_json())
        return
    output.table(
        f"All pairs of {report.digests:,} random digests",
        ["Distance", "Pairs"],
        [(distance, pairs) for distance, pairs in enumerate(report.histogram) if pairs],
    )
    own = report.timings[0]
    output.table(
        f"{report.comparisons:,} comparisons of {report.bits} bits, medians of {report.repeats}",
        ["Method", "Threads", "Seconds", "Processor seconds", "Billions a second", "Times as long"],
        [
            (
                timing.name,
                timing.threads,
                f"{timing.seconds:.3f}",
                f"{timing.processor_seconds:.3f}",
                f"{timing.per_second / 1e9:.2f}",
                f"{timing.seconds / own.seconds:.2f}",
            )
            for timing in report.timings
        ],
    )
