"""The lines of the design that no single file can hold by itself.

Who may import whom is declared in `pyproject.toml` (import-linter) and checked by `make check`; here is the rest.
"""

import re
import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.architecture import ROOT, Module, modules, names_used, reached_from

PURE_ROOMS = (
    "services.contract",
    "services.promises",
    "services.intake.rules",
    "services.intake.history",
    "services.notify.rules",
    "services.workflows.alarm",
)
"""Where rules lie that need no database, network or clock to be checked."""
PURE_PACKAGES = {"pydantic", "pydantic_core", "babel", "holidays", "services"} | (
    set(sys.stdlib_module_names) - {"asyncio", "socket", "subprocess"}
)

READS_ENVIRONMENT = {
    "services.platform.settings",
    "services.cli.state_folder",
    "services.cli.embedded.child_process",
}
"""Settings, what fills them in for an operator, and what hands the environment on to a child process."""

OF_THE_CLOCK_OR_CHANCE = re.compile(
    r"(datetime|date)\.(now|utcnow|today)|wall_clock|time\.(time|monotonic|sleep)|asyncio\.(sleep|wait|as_completed)"
    r"|random\.\w+|secrets\.\w+|uuid\.?uuid[14]|uuid[14]|os\.\w+|requests|httpx\.\w+"
)
OF_FILES = re.compile(r"open|Path")
READS_SHIPPED_WORDS = {"services.intake.history.teller", "services.contract.moves"}
"""Pure but for reading what is installed beside it."""
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core"}

# Spelt so that this file does not hold what it looks for.
LEAKS = r"pyp[i][.]org|pythonhoste[d][.]|registry[.]npm[j]s|de[b][.]debian[.]|[/]work[/](main|shared|[.]library)"


def _pure() -> list[Module]:
    return [module for name, module in modules().items() if name.startswith(PURE_ROOMS)]


@pytest.mark.parametrize("module", _pure(), ids=lambda module: module.name)
def test_a_pure_room_uses_pure_packages_only(module: Module) -> None:
    assert module.packages() <= PURE_PACKAGES


def test_a_pure_room_takes_time_and_chance_from_its_arguments() -> None:
    assert _used(_pure(), OF_THE_CLOCK_OR_CHANCE) == set()
    assert _used((module for module in _pure() if module.name not in READS_SHIPPED_WORDS), OF_FILES) == set()


def test_what_a_workflow_runs_takes_time_and_chance_from_nowhere_else() -> None:
    reached = reached_from("services.workflows.ticket") | reached_from("services.workflows.bulk")
    run = [modules()[name] for name in reached]
    assert _used(run, OF_THE_CLOCK_OR_CHANCE) | _used(run, OF_FILES) == set()


def test_only_composition_roots_read_settings() -> None:
    others = (
        module
        for name, module in modules().items()
        if module.short != "main" and name not in READS_ENVIRONMENT and not name.startswith("services.cli.")
    )
    assert _used(others, re.compile(r"(os\.)?(environ|getenv)|(settings\.)?load_dotenv|BaseSettings")) == set()


def test_files_are_nouns_of_the_trade() -> None:
    assert {module.name for module in modules().values() if module.short in EMPTY_NAMES} == set()


@pytest.mark.own_parts
def test_the_tree_names_no_registry_and_no_path_of_a_machine() -> None:
    found = subprocess.run(
        ["git", "grep", "-nIE", LEAKS, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (1, "")  # 1: nothing found; more: git itself failed


def _used(among: Iterable[Module], names: re.Pattern[str]) -> set[tuple[str, str]]:
    """Each module of these and each of the names that it uses."""
    return {(module.name, used) for module in among for used in names_used(module) if names.fullmatch(used)}
