"""Settings of the command line and the API: flags > environment > project file > user file > system file.

Every source is checked alone, so that an unknown key is reported with the file it stands in. Private keys are never a
setting: only the path of a key file is.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from frontend_api.errors import SettingsError
from node.config import NodeSettings
from verifier.court.config import CourtSettings

ENVIRONMENT_PREFIX = "SWARMPROOF_"
PROJECT_FILE = Path("swarmproof.toml")

_FROM_ELSEWHERE = {"rpc_url", "chain_id", "factory", "project", "from_block", "key_file", "password_file"}
NODE_KEYS = tuple(name for name in NodeSettings.model_fields if name not in _FROM_ELSEWHERE)
COURT_KEYS = tuple(
    name for name in CourtSettings.model_fields if name not in _FROM_ELSEWHERE | {"role", "court", "verifier_registry"}
)
ModelT = TypeVar("ModelT", bound=BaseModel)


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError(f"{value!r} is not an address")
    return str(to_checksum_address(value))


Address = Annotated[str, AfterValidator(_address)]


class ApiSettings(BaseModel):
    """Where the REST API listens and where it keeps its index."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    database_url: str = "sqlite+aiosqlite:///swarmproof-index.db"


class Settings(BaseSettings):
    """What every command may need; a command asks for what it lacks by name."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", env_ignore_empty=True
    )

    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int | None = None
    deployment: Path = Path("swarmproof-deployment.json")
    project: Address | None = None
    api_url: str | None = None
    key_file: Path | None = None
    password_file: Path | None = None
    api: ApiSettings = Field(default_factory=ApiSettings)
    # Options of the training peer alone; `swarmproof node` adds the rest and checks the values.
    node: dict[str, Any] = Field(default_factory=dict)
    # The same for `swarmproof worker` and `swarmproof verifier`.
    court: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, then each file in turn; later sources only fill what earlier ones left open."""
        files = (InitSettingsSource(settings_cls, _checked(path, settings_cls)) for path in configuration_files())
        return (init_settings, env_settings, *files)


def configuration_files(environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Files that exist, strongest first: ./swarmproof.toml, the user's, the system's (XDG base directories)."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    system = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    named = [Path(folder) / "swarmproof" / "config.toml" for folder in (home, *system.split(os.pathsep)) if folder]
    return (path for path in (PROJECT_FILE, *named) if path.is_file())


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Settings from all sources. `flags`: what the command line said; None means not said. Raises SettingsError."""
    return validated(Settings, {name: value for name, value in flags.items() if value is not None})


def validated(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    """The model with these values. Raises SettingsError, one sentence about the first thing that is wrong."""
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"setting {name}: {_lowered(first['msg'])} (found {first['input']!r})") from error


def _checked(path: Path, model: type[BaseModel]) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file: {error}") from error
    _require_known(path, document, tuple(model.model_fields), "")
    for table, known in (("api", tuple(ApiSettings.model_fields)), ("node", NODE_KEYS), ("court", COURT_KEYS)):
        if isinstance(document.get(table), dict):
            _require_known(path, document[table], known, f"{table}.")
    return document


def _require_known(path: Path, document: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
    for key in document:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {prefix}{near[0]}?" if near else ""
            raise SettingsError(f"{path}: unknown setting {prefix}{key}{hint}")


def _lowered(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
