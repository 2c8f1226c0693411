"""The `swarmproof` command: one module of frontend_api.commands a command.

Exit codes: 0 ok, 1 failure, 2 wrong usage, 3 rejected by verification, 4 chain or peer unreachable.
"""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.text import Text

from contracts.errors import SwarmProofError
from frontend_api.command_line import remember_global_options
from frontend_api.commands import (
    api,
    audit,
    bench,
    calibrate,
    claim,
    contributions,
    court_party,
    demo,
    deploy,
    devnet,
    generate,
    gossip,
    jobs,
    lab,
    node,
    output_class,
    project,
    rewards,
    status,
    submit_job,
    unstake,
    watch,
    why,
    withdraw,
)

app = typer.Typer(
    name="swarmproof",
    help="Train a model together with people you do not trust, and prove who contributed what.",
    epilog="Example: swarmproof demo --peers 8 --attackers 2 --rounds 8",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(remember_global_options)
COMMANDS = (
    devnet,
    deploy,
    project,
    node,
    watch,
    audit,
    status,
    contributions,
    rewards,
    claim,
    unstake,
    why,
    generate,
    calibrate,
    output_class,
    court_party,
    submit_job,
    jobs,
    withdraw,
    api,
    demo,
    gossip,
    lab,
    bench,
)
for command in COMMANDS:
    command.register(app)


def main() -> None:
    """Run the command; an expected failure is one sentence on stderr and its exit code."""
    try:
        app(prog_name="swarmproof")
    except SwarmProofError as error:
        Console(stderr=True, highlight=False).print(Text(f"error: {error}"), soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
