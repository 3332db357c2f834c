"""A copy of the repository in which tests are run: nothing of the user's own tree is ever spoiled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

from gates.facts.checkout import Checkout
from gates.scratch import Scratch

# Python takes compiled code for current where size and whole seconds of the source's time agree.
_FIRST_SECOND = 1_000_000_000
# Where `gates mutate` is itself measured, or tested.
_OF_THIS_RUN = ("COV_CORE", "COVERAGE_", "PYTEST_XDIST")
_ALONE = ("-p", "no:cacheprovider", "-p", "no:randomly")


class Copy:
    """A copy of the work tree, in which one module at a time is spoiled."""

    def __init__(self, root: Path, packages: Sequence[str]) -> None:
        self.root = root
        self._second = _FIRST_SECOND
        before = os.environ.get("PYTHONPATH")
        own = [str(root / package) for package in packages]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_RUN)}
        # before what is installed: an editable installation leads back to the tree that was copied
        self._environment = {**kept, "PYTHONPATH": os.pathsep.join([*own, *([before] if before else [])])}

    def pytest(self, words: Sequence[str], seconds: Optional[float] = None) -> tuple[Optional[int], str]:
        """The exit code of a run of pytest, and what it printed; None where it took too long."""
        command = [sys.executable, "-m", "pytest", *_ALONE, *words]
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=seconds)
                return process.returncode, said.decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                return None, ""
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # what the tests left behind goes with them

    @contextlib.contextmanager
    def holding(self, path: str, content: bytes) -> Iterator[None]:
        """With another content of one module, and then with its own again."""
        place = self.root / path
        before = place.read_bytes()
        self._put(place, content)
        try:
            yield
        finally:
            self._put(place, before)

    def _put(self, place: Path, content: bytes) -> None:
        self._second += 1
        place.write_bytes(content)
        os.utime(place, (self._second, self._second))


def measures_coverage() -> bool:
    """Whether pytest knows `--cov`."""
    return find_spec("pytest_cov") is not None


@contextlib.contextmanager
def copied(checkout: Checkout, packages: Sequence[str]) -> Iterator[Copy]:
    """A copy until it is no longer needed; `packages` are the folders below the root that imports begin at."""
    with tempfile.TemporaryDirectory(prefix="gates-mutate-") as name:
        yield Copy(Scratch(checkout.root, Path(name).resolve() / "tree").folder, packages)
