"""The lines of the design that no single file can hold by itself."""

import re
import subprocess
import sys

import pytest

from tests.architecture import ROOT, SERVICES, modules, names_used, reached_from

COMPOSITION = {
    name
    for name in modules()
    if name.startswith("services.demo")
    or name
    in {
        "services.cli",
        "services.dead_letters",
        "services.doctor",
        "services.embedded",
        "services.embedded_run",
        "services.operator_commands",
        "services.simulate_command",
    }
}
"""The shared files that may put services together: the `balie` command and what it runs."""

PURE = {
    "services.contract",
    "services.contract_changes",
    "services.deadlines",
    "services.desk_events",
    "services.errors",
    "services.event_data",
    "services.events",
    "services.former_snapshot",
    "services.languages",
    "services.policy",
    "services.public_holidays",
    "services.sla",
    "services.standing",
    "services.vocabulary",
    "services.wording",
    "services.working_time",
    "services.zone_offsets",
    "services.intake.board",
    "services.intake.bulk",
    "services.intake.clock_rules",
    "services.intake.contracts",
    "services.intake.decide",
    "services.intake.decision",
    "services.intake.deeds",
    "services.intake.desk_rules",
    "services.intake.evidence",
    "services.intake.life_replay",
    "services.intake.lives",
    "services.intake.moves",
    "services.intake.orders",
    "services.intake.outages",
    "services.intake.policies_tried",
    "services.intake.policy_change",
    "services.intake.product_rules",
    "services.intake.reasons",
    "services.intake.sentences",
    "services.intake.simulated",
    "services.intake.talk_rules",
    "services.intake.teller",
    "services.intake.tickets",
    "services.notify.facts",
    "services.notify.known",
    "services.notify.notices",
    "services.notify.plan",
    "services.notify.telling",
    "services.workflows.alarm",
}
"""Rules that need no database, network or clock to be checked."""
PURE_PACKAGES = {"pydantic", "pydantic_core", "babel", "holidays", "services"} | (
    set(sys.stdlib_module_names) - {"asyncio", "socket", "subprocess"}
)

READS_ENVIRONMENT = {"services.settings", "services.state_folder", "services.child_process"}
"""Settings, what fills them in for an operator, and what hands the environment on to a child."""

NOT_IN_A_WORKFLOW = re.compile(
    r"(datetime|date)\.(now|utcnow|today)|wall_clock|time\.(time|monotonic|sleep)|asyncio\.(sleep|wait|as_completed)"
    r"|random\.\w+|secrets\.\w+|uuid\.?uuid[14]|uuid[14]|os\.\w+|open|requests|httpx\.\w+|Path"
)
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core"}
LINES_MAX = 300

# Spelt so that this file does not hold what it looks for.
LEAKS = r"pyp[i][.]org|pythonhoste[d][.]|registry[.]npm[j]s|de[b][.]debian[.]|[/]work[/](main|shared|[.]library)"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    foreign = {
        (module.name, name)
        for module in modules().values()
        if module.service == service
        for name in module.ours()
        if modules()[name].service not in (service, None)
    }
    assert foreign == set()


def test_shared_files_import_no_service() -> None:
    offences = {
        (module.name, name)
        for module in modules().values()
        if module.service is None and module.name not in COMPOSITION
        for name in module.ours()
        if modules()[name].service is not None
    }
    assert offences == set()


def test_no_service_imports_what_puts_services_together() -> None:
    offences = {
        (module.name, name)
        for module in modules().values()
        if module.name not in COMPOSITION
        for name in module.ours() & COMPOSITION
        if module.service is not None
    }
    assert offences == set()


def test_imports_go_one_way() -> None:
    circles = {
        name for name, module in modules().items() if any(name in reached_from(imported) for imported in module.ours())
    }
    assert circles == set()


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_pure_ones_only(name: str) -> None:
    module = modules()[name]
    assert module.packages() <= PURE_PACKAGES
    assert module.ours() - {"services.telemetry", "services.clock"} <= PURE


def test_nothing_below_the_http_api_knows_http() -> None:
    web_server = {"fastapi", "starlette", "uvicorn"}
    on_top = {name for name, module in modules().items() if module.packages() & web_server}
    offences = {
        (name, imported)
        for name, module in modules().items()
        if name not in on_top | COMPOSITION and module.short != "main" and module.service != "web"
        for imported in module.ours() & on_top
        if modules()[imported].service is not None
    }
    assert offences == set()


def test_only_composition_roots_read_settings() -> None:
    roots = COMPOSITION | READS_ENVIRONMENT
    offences = {
        (name, used)
        for name, module in modules().items()
        if name not in roots and module.short != "main"
        for used in names_used(module)
        if re.fullmatch(r"(os\.)?(environ|getenv)|(settings\.)?load_dotenv|BaseSettings", used)
    }
    assert offences == set()


def test_what_a_workflow_runs_takes_time_and_chance_from_nowhere_else() -> None:
    offences = {
        (name, used)
        for name in reached_from("services.workflows.ticket") | reached_from("services.workflows.bulk")
        for used in names_used(modules()[name])
        if NOT_IN_A_WORKFLOW.fullmatch(used)
    }
    assert offences == set()


def test_files_are_nouns_of_the_trade() -> None:
    assert {module.name for module in modules().values() if module.short in EMPTY_NAMES} == set()


def test_no_file_holds_two_ideas() -> None:
    long = {module.name for module in modules().values() if module.file.read_text().count("\n") > LINES_MAX}
    assert long == set()


def test_the_tree_names_no_registry_and_no_path_of_a_machine() -> None:
    found = subprocess.run(
        ["git", "grep", "-nIE", LEAKS, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (1, "")  # 1: nothing found; more: git itself failed
