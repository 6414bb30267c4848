"""Which tests there are, whatever folder they lie in."""

import re
import subprocess
import sys

import services
from tests.architecture import ROOT

COLLECTING_TIMEOUT_SECONDS = 300
_OF_A_MODULE = re.compile(rf"\[{services.__name__}\.(\w+\.)*(?=\w+\])")
"""What comes before a module's own name, of tests that are run for each of some modules."""


class Collecting:
    """A pytest beside us that only collects, for it takes a while."""

    def __init__(self) -> None:
        words = ["--collect-only", "--quiet", "--color=no", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ids(self) -> str:
        """Each test's id without its folder, a line each. Raises where pytest could not collect."""
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
