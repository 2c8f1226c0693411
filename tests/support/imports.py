"""Who imports whom, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Import name -> folder; the only name that differs is the devnet's.
FOLDERS: Mapping[str, str] = {
    "contracts": "contracts",
    "devnet": "hardhat-free-devnet",
    "frontend_api": "frontend_api",
    "node": "node",
    "scripts": "scripts",
    "verifier": "verifier",
}


@dataclass(frozen=True)
class Module:
    """One source file under its import name."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Everything it imports, by absolute name: `from a import b` counts as `a` and as `a.b`."""
        return frozenset(_imports(self))


def modules(root: Path = REPOSITORY, folders: Mapping[str, str] = FOLDERS) -> dict[str, Module]:
    """All modules of the packages, by import name."""
    found: dict[str, Module] = {}
    for package, folder in folders.items():
        for path in sorted((root / folder).rglob("*.py")):
            inside = path.relative_to(root / folder)
            if "node_modules" in inside.parts:
                continue
            parts = [package, *inside.with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path)
    return found


def reachable(start: Module, known: Mapping[str, Module]) -> dict[str, tuple[str, ...]]:
    """Everything importing `start` imports in turn, each with the chain of imports that leads there."""
    chains: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(start.name, ())]
    while waiting:
        name, chain = waiting.pop()
        if name in chains:
            continue
        chains[name] = (*chain, name)
        if name in known:
            # Importing a.b.c runs a and a.b too.
            parents = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
            waiting.extend((imported, chains[name]) for imported in sorted({*known[name].imports, *parents}))
    return chains


def is_within(name: str, package: str) -> bool:
    """True for the package itself and whatever is inside it."""
    return name == package or name.startswith(package + ".")


def _imports(module: Module) -> Iterator[str]:
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            base = statement.module or ""
            if statement.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - statement.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in statement.names)
