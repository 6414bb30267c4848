"""The list of all tests, without the folders they are in."""

import re
import subprocess
import sys

import services
from tests.architecture import ROOT

COLLECTING_TIMEOUT_SECONDS = 300
_OF_A_MODULE = re.compile(rf"\[{services.__name__}\.(\w+\.)*(?=\w+\])")
"""The package in the id of a test that is run once per module, before the module's own name."""


class Collecting:
    """A pytest process that only collects the tests; it runs in the background, because that takes a while."""

    def __init__(self) -> None:
        words = ["--collect-only", "--quiet", "--color=no", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ids(self) -> str:
        """The id of each test without its folder, one per line. Raises if pytest could not collect."""
        said, complaints = self._process.communicate(timeout=COLLECTING_TIMEOUT_SECONDS)
        if self._process.returncode != 0:
            raise RuntimeError(f"pytest could not collect: {said}{complaints}")
        return "".join(
            f"{each}\n" for each in sorted(_without_folder(line) for line in said.splitlines() if _is_id(line))
        )


def _is_id(line: str) -> bool:
    return ".py::" in line


def _without_folder(test: str) -> str:
    file, _, rest = test.partition("::")
    return f"{file.rpartition('/')[2]}::{_OF_A_MODULE.sub('[', rest)}"
