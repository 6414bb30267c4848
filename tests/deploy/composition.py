"""Reads deploy/compose.yaml as Docker Compose does: files merged, and variables of an environment file filled in."""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = ("compose.yaml", "compose.demo.yaml")
SECRETS = {name: name[0] * 32 for name in ("BALIE_SECRET", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD")}
IMAGES_OF_OURS = ("balie:", "balie-temporal:")

# Matches the innermost variables first, because a default may contain a variable.
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<how>:-|:\?)(?P<rest>[^${}]*))?\}")


class Missing(Exception):
    """A required variable is not set; Compose refuses to start."""


@cache
def text(file: str = "compose.yaml") -> str:
    """The text of the file."""
    return (DEPLOY / file).read_text(encoding="utf-8")


def example() -> dict[str, str]:
    """The variables set in deploy/.env.example."""
    lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled_in() -> dict[str, str]:
    """The variables of the example with the secrets filled in, as an operator does."""
    return {**example(), **SECRETS, "BALIE_MAIL_SAMPLES": os.devnull}


def services(variables: Mapping[str, str], *files: str) -> dict[str, dict[str, Any]]:
    """The containers by name; later files override earlier ones. Raises Missing."""
    found: dict[str, dict[str, Any]] = {}
    for file in files or ("compose.yaml",):
        for name, service in _read(file, variables)["services"].items():
            before = found.get(name, {})
            environment = {**before.get("environment", {}), **service.get("environment", {})}
            found[name] = {**before, **service, **({"environment": environment} if environment else {})}
    return found


def whole(variables: Mapping[str, str]) -> dict[str, Any]:
    """The whole compose.yaml, with variables filled in. Raises Missing."""
    return _read("compose.yaml", variables)


def environment(service: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process in this container. A name without a value gets it from `variables`, if set."""
    given: Mapping[str, str | None] = service.get("environment", {})
    found = {name: variables.get(name) if value is None else value for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def _read(file: str, variables: Mapping[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_interpolated(text(file), variables))
    return read


def _interpolated(written: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if given := variables.get(found["name"]):
            return given
        if found["how"] != ":-":
            raise Missing(found["name"])
        return str(found["rest"])

    while VARIABLE.search(written):
        written = VARIABLE.sub(value, written)
    return written
