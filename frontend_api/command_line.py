"""What all commands share: the global options, the settings they lead to, and the output.

The global options stand before or after the command's name: `swarmproof --json status` and `swarmproof status --json`
are the same. A command is a plain function that takes an `Invocation` first; `with_invocation` adds the options.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from eth_utils.address import is_address, to_checksum_address

from frontend_api.errors import SettingsError
from frontend_api.hashes import hash_of
from frontend_api.output import WEI, Output
from frontend_api.settings import Settings, load_settings

PANEL = "Global options"
MOST_WEI = (1 << 256) - 1  # of a token, whatever its contract
AMOUNT_DIGITS = 128  # enough for the product of any such amount to be exact


@dataclass(frozen=True)
class Invocation:
    """One run of a command: its settings and where its output goes."""

    settings: Settings
    output: Output


def global_options(
    rpc_url: Annotated[
        str | None, typer.Option(help="JSON-RPC endpoint of the chain.", metavar="URL", rich_help_panel=PANEL)
    ] = None,
    chain_id: Annotated[
        int | None, typer.Option(help="Refuse any other chain.", metavar="NUMBER", rich_help_panel=PANEL)
    ] = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment record.", metavar="FILE", rich_help_panel=PANEL)
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Project, if not the first.", metavar="ADDRESS", rich_help_panel=PANEL)
    ] = None,
    api_url: Annotated[
        str | None, typer.Option(help="Ask this REST API, not the chain.", metavar="URL", rich_help_panel=PANEL)
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="Keystore, or a key in hexadecimal.", metavar="FILE", rich_help_panel=PANEL)
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="Password of the keystore.", metavar="FILE", rich_help_panel=PANEL)
    ] = None,
    json: Annotated[bool | None, typer.Option("--json", help="Print JSON.", rich_help_panel=PANEL)] = None,
) -> None:
    """The options every command understands; their names are those of the settings."""


def with_invocation(command: Callable[..., None]) -> Callable[..., None]:
    """Turn `command(invocation, ...)` into one that takes the global options too."""
    own = [*inspect.signature(command, eval_str=True).parameters.values()][1:]
    shared = [*inspect.signature(global_options, eval_str=True).parameters.values()]
    place = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    added = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in shared]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        flags = {item.name: values.pop(item.name) for item in shared}
        said_before: dict[str, Any] = values.pop("context").find_root().obj or {}
        command(_invocation({**said_before, **_said(flags)}), **values)

    parameters = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own]
    run.__signature__ = inspect.Signature([*parameters, *added, place])  # type: ignore[attr-defined]
    run.__annotations__ = {item.name: item.annotation for item in (*parameters, *added, place)}
    return run


def remember_global_options(context: typer.Context, **flags: Any) -> None:
    """Keep what was said before the command's name."""
    context.obj = _said(flags)


remember_global_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *(
            item.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for item in inspect.signature(global_options, eval_str=True).parameters.values()
        ),
    ]
)


def wei(text: str) -> int:
    """An amount in whole tokens as typed ("1.5") in wei. Raises typer.BadParameter."""
    context = Context(prec=AMOUNT_DIGITS, traps=[InvalidOperation])
    try:
        amount = context.multiply(Decimal(text), Decimal(WEI))
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not an amount of tokens") from None
    if not amount.is_nan() and amount > MOST_WEI:
        raise typer.BadParameter(f"{text} tokens are more than any token has")
    if context.flags[Inexact] or not amount.is_finite() or amount < 0 or amount != int(amount):
        raise typer.BadParameter(f"{text} tokens are not a whole, non-negative number of wei")
    return int(amount)


def address_argument(text: str | None) -> str | None:
    """An address as typed, in its EIP-55 form. Raises typer.BadParameter."""
    if text is None:
        return None
    if not is_address(text):
        raise typer.BadParameter(f"{text!r} is not an address")
    return str(to_checksum_address(text))


def hash_argument(text: str | None) -> str | None:
    """32 bytes as typed, in lower case with 0x. Raises typer.BadParameter."""
    if text is None:
        return None
    try:
        return hash_of(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: expected {error}") from error


def prompt_argument(text: str | None) -> str | None:
    """A prompt as typed. Bytes that are no text come in as halves of characters. Raises typer.BadParameter."""
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise typer.BadParameter(f"{text!a} is not text in UTF-8") from error
    return text


def require_key_file(settings: Settings) -> Path:
    """The key file of a command that sends transactions. Raises SettingsError."""
    if settings.key_file is None:
        raise SettingsError("this command sends transactions: name the account's key with --key-file FILE")
    return settings.key_file


def _said(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _invocation(flags: dict[str, Any]) -> Invocation:
    as_json = bool(flags.pop("json", False))
    return Invocation(load_settings(flags), Output(as_json=as_json))
