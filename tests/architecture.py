"""The graph of imports in our code, read from the files without importing anything."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Module:
    """One Python file of ours."""

    name: str
    """The full name, as in `services.intake.rules.decide`."""
    file: Path

    @property
    def short(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    def imports(self) -> frozenset[str]:
        """Everything it imports, as full names; for `from a import b`, both `a` and `a.b`. Imports only for the type
        checker count too, because they are dependencies as well."""
        return _imports(self.file)

    def ours(self) -> set[str]:
        """Those of our modules that it imports."""
        return {name for name in self.imports() if name in modules() and name != "services"}

    def packages(self) -> set[str]:
        """The top-level packages that it imports."""
        return {name.partition(".")[0] for name in self.imports()}


@cache
def modules() -> dict[str, Module]:
    """Every module under `services/`, by name, without the migrations: no code depends on them."""
    found = {}
    for file in sorted((ROOT / "services").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if "migrations" in parts or "node_modules" in parts:
            continue
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = Module(name, file)
    return found


def reached_from(name: str) -> set[str]:
    """The module, and every module of ours that it imports directly or indirectly."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        if (module := waiting.pop()) not in reached:
            reached.add(module)
            waiting += modules()[module].ours()
    return reached


def names_used(module: Module) -> set[str]:
    """Every dotted name that it uses, as in `datetime.now` or `os.environ.get`."""
    return {ast.unparse(node) for node in ast.walk(_parsed(module.file)) if isinstance(node, ast.Attribute | ast.Name)}


@cache
def _imports(file: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))
