"""What is installed is what is here: packages, pins, command."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.imports import FOLDERS, REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def pins() -> dict[str, str]:
    """Version by canonical name, from constraints.txt."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def test_every_folder_with_code_is_packaged() -> None:
    here = set()
    for package, folder in FOLDERS.items():
        for path in (REPOSITORY / folder).rglob("*.py"):
            inside = path.relative_to(REPOSITORY / folder).parent
            if "node_modules" not in inside.parts:
                here.add(".".join([package, *inside.parts]))
    assert sorted(here) == PROJECT["tool"]["setuptools"]["packages"]


def test_constraints_are_exact_pins_without_addresses() -> None:
    for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), line


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    for text in [*project["dependencies"], *(text for extra in extras for text in extra)]:
        requirement = Requirement(text)
        pinned = pins().get(canonicalize_name(requirement.name))
        assert pinned is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(pinned, prereleases=True), f"{text} excludes {pinned}"


def test_the_command_is_installed() -> None:
    commands = {entry.name: entry.value for entry in distribution("swarmproof").entry_points}
    assert commands["swarmproof"] == PROJECT["project"]["scripts"]["swarmproof"]
