"""deploy/compose.yaml, without an engine to run it: what every container is given, and what it is denied."""

import re
from typing import Any

import pytest
import typer.main

from services.cli.demo.given import GivenSettings
from services.cli.doctor import DoctorSettings
from services.cli.main import app
from services.intake.main import IntakeSettings
from services.kb.main import KbSettings
from services.notify.main import NotifySettings
from services.platform.settings import PREFIX, Settings
from services.web.main import WebSettings
from services.workflows.main import WorkflowsSettings
from tests.deploy import composition
from tests.deploy.composition import IMAGES_OF_OURS, SECRETS, Missing, environment, filled_in, services, whole

PROCESSES: dict[str, type[Settings]] = {
    "intake-api": IntakeSettings,
    "intake-worker": IntakeSettings,
    "workflows": WorkflowsSettings,
    "notify": NotifySettings,
    "kb-api": KbSettings,
    "kb-worker": KbSettings,
    "web": WebSettings,
}
COMMANDS: dict[str, type[Settings]] = {
    **PROCESSES,
    "migrate": Settings,
    "doctor": DoctorSettings,
    "demo": GivenSettings,
}
PARTS = {"postgres", "rabbitmq", "temporal"}
OF_THE_COMMAND = {f"{PREFIX}PORT", f"{PREFIX}MAIL_SAMPLES"}
"""Options of `balie` subcommands; everything else in an environment is a setting."""

ALL = services(filled_in(), *composition.FILES)
OURS = {name: service for name, service in ALL.items() if name not in PARTS}
LONG_RUNNING = {name: service for name, service in ALL.items() if service.get("restart") == "unless-stopped"}


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own gets into what a container would find."""
    for command in COMMANDS.values():
        for field in command.model_fields:
            monkeypatch.delenv(PREFIX + field.upper(), raising=False)


def test_every_process_of_balie_has_a_container() -> None:
    assert set(ALL) == PARTS | set(COMMANDS)
    assert {name for name in LONG_RUNNING if name not in PARTS} == set(PROCESSES)


@pytest.mark.parametrize("name", OURS)
def test_a_container_runs_the_subcommand_it_is_named_after(name: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as balie has subcommands
    assert OURS[name]["command"][0] == name
    assert name in commands


@pytest.mark.parametrize("name", OURS)
def test_a_process_starts_with_the_settings_its_container_gives_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(OURS[name], filled_in())
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = COMMANDS[name]()
    for variable in set(given) - OF_THE_COMMAND:
        assert variable.removeprefix(PREFIX).lower() in settings.model_fields_set


def test_with_a_mail_server_mail_leaves_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {name: value for name, value in filled_in().items() if name != "BALIE_MAILBOX_DIR"}
    variables |= {"BALIE_SMTP_URL": "smtps://mail.example.org", "BALIE_MAIL_FROM": "Desk <desk@example.org>"}
    given = environment(services(variables)["notify"], variables)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    notify = NotifySettings()
    assert notify.smtp_url is not None
    assert (notify.mailbox_dir, notify.mail_from) == (None, "Desk <desk@example.org>")
    assert "BALIE_MAILBOX_DIR" not in environment(services(variables)["web"], variables)


@pytest.mark.parametrize("missing", SECRETS)
def test_nothing_starts_without_a_secret(missing: str) -> None:
    for nothing in ({}, {missing: ""}):
        variables = {**{name: value for name, value in filled_in().items() if name != missing}, **nothing}
        with pytest.raises(Missing, match=missing):
            services(variables)


def test_no_secret_is_written_down() -> None:
    assert {name: composition.example()[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    found = set()
    for service in ALL.values():
        for variable, value in environment(service, filled_in()).items():
            found |= set(re.findall(r"://[^:/]+:([^@]+)@", value))
            found |= {value} if re.search(r"SECRET|PASS", variable) else set()
    assert found == set(SECRETS.values())


@pytest.mark.parametrize(("name", "unknown"), [("workflows", "DATABASE"), ("web", "DATABASE")])
def test_a_process_is_not_told_what_it_need_not_know(name: str, unknown: str) -> None:
    assert not [variable for variable in ALL[name]["environment"] if unknown in variable]


@pytest.mark.parametrize("name", ALL)
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", ALL[name]["image"])
    assert ALL[name]["image"].startswith(IMAGES_OF_OURS) == (name not in {"postgres", "rabbitmq"})


def test_each_image_of_ours_is_built_once() -> None:
    built = {service["image"]: service["build"].get("target") for service in ALL.values() if "build" in service}
    assert built == {"balie:0.1.0": None, "balie-temporal:0.1.0": "temporal"}
    assert {service["image"] for service in OURS.values()} == {"balie:0.1.0"}


@pytest.mark.parametrize("name", ALL)
def test_a_container_may_do_as_little_as_possible(name: str) -> None:
    service = ALL[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & set(service)
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", ALL)
def test_what_a_container_keeps_lies_in_a_declared_volume(name: str) -> None:
    for volume in ALL[name].get("volumes", []):
        source, target, *how = volume.split(":")
        assert source in whole(filled_in())["volumes"] or how == ["ro"]
        assert "docker.sock" not in source + target


def test_only_notify_writes_the_mailbox() -> None:
    mounts = {name: mount for name, service in ALL.items() for mount in service.get("volumes", []) if "mail:" in mount}
    folder = filled_in()["BALIE_MAILBOX_DIR"]
    assert mounts == {"notify": f"mail:{folder}", "web": f"mail:{folder}:ro", "demo": f"mail:{folder}:ro"}


def test_only_the_web_is_published_and_that_on_loopback() -> None:
    published = {name: service["ports"] for name, service in ALL.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8080:8080"]}


def test_the_web_reaches_neither_the_database_nor_temporal() -> None:
    for part in ("postgres", "temporal"):
        assert not set(ALL["web"]["networks"]) & set(ALL[part]["networks"])


def test_the_parts_reach_nothing_outside() -> None:
    networks = whole(filled_in())["networks"]
    for part in PARTS:
        assert all(networks[network]["internal"] for network in ALL[part]["networks"])


@pytest.mark.parametrize("name", OURS)
def test_a_process_reaches_every_part_it_is_told_of(name: str) -> None:
    told = str(ALL[name]["environment"])
    for host in [host for host in ALL if f"@{host}:" in told or f"//{host}:" in told or f"'{host}:" in told]:
        assert set(ALL[name]["networks"]) & set(ALL[host]["networks"]), host


@pytest.mark.parametrize("name", PROCESSES)
def test_nobody_starts_before_the_tables_are_there(name: str) -> None:
    if any("DATABASE" in variable for variable in ALL[name]["environment"]):
        assert ALL[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert ALL["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_broker_or_temporal_that_is_ill_keeps_nobody_from_starting(name: str) -> None:
    after = ALL[name].get("depends_on", {})
    assert {after[part]["condition"] for part in ("rabbitmq", "temporal") if part in after} <= {"service_started"}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_whatever_runs_on_says_whether_it_is_well(name: str) -> None:
    assert ALL[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", PROCESSES)
def test_the_health_check_asks_what_the_process_is_there_for(name: str) -> None:
    *program, last = ALL[name]["healthcheck"]["test"][1:]
    given = environment(ALL[name], filled_in())
    if f"{PREFIX}PORT" in given:
        assert last == f"http://127.0.0.1:{given[f'{PREFIX}PORT']}/healthz"
    else:
        asked = [*program, last][3:]
        settings = {"broker": f"{PREFIX}BROKER_URL", "temporal": f"{PREFIX}TEMPORAL_ADDRESS"}
        assert asked == [part for part, setting in settings.items() if setting in given]


def test_addresses_of_our_own_apis_are_where_they_listen() -> None:
    for setting, name in {f"{PREFIX}INTAKE_URL": "intake-api", f"{PREFIX}KB_URL": "kb-api"}.items():
        told: set[Any] = {service["environment"].get(setting) for service in OURS.values()}
        assert told - {None} == {f"http://{name}:{ALL[name]['environment'][f'{PREFIX}PORT']}"}


def test_the_demonstration_has_a_desk_of_its_own() -> None:
    assert re.findall(r"(?m)^name: (.+)$", composition.text()) == ["balie"]
    assert re.findall(r"(?m)^name: (.+)$", composition.text("compose.demo.yaml")) == ["balie-demo"]
