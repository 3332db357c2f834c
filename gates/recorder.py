"""The pytest plugin that writes down which imports really happened: `pytest --gates-record-imports`.

Without the option it does nothing, and imports next to nothing. For a program that is no test:
`python -m gates.recorder [--to FILE] SCRIPT [ARGUMENT ...]`, or `-m MODULE` in place of the script.

What child processes import is not seen, except in the workers of pytest-xdist.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the typing module is not needed by those who record nothing
if TYPE_CHECKING:
    import pytest

OPTION = "--gates-record-imports"
PLACE = ".gates/recordings/imports.jsonl"
SUFFIX = ".jsonl"
_NAME = "gates recorder"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option."""
    parser.getgroup("gates").addoption(
        OPTION,
        nargs="?",
        const=PLACE,
        metavar="FILE",
        help=f"write down which imports really happened, for the gates to judge [{PLACE}]; FILE ends in {SUFFIX}",
    )


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest is imported."""
    _begin(early_config, early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Begin, where the plugin came too late to begin before."""
    _begin(config, config.option)


def _begin(config: pytest.Config, options: object) -> None:
    wanted = getattr(options, "gates_record_imports", None)
    if wanted is None or config.pluginmanager.has_plugin(_NAME):
        return
    if not wanted.endswith(SUFFIX):  # `--gates-record-imports tests/` means the tests, and pytest takes it for the file
        import pytest

        right = f"write {OPTION}=FILE{SUFFIX}, or put the option last"
        raise pytest.UsageError(f"{OPTION}: '{wanted}' is no name of a recording, which ends in {SUFFIX}; {right}")
    from gates.recording.session import Joining, Session, root_of

    root = root_of(str(config.rootpath))
    file = os.path.join(root if wanted == PLACE else str(config.invocation_params.dir), wanted)
    session = Session(root, file)
    config.pluginmanager.register(session, _NAME)
    if config.pluginmanager.has_plugin("xdist"):
        config.pluginmanager.register(Joining(session), f"{_NAME} of workers")


if __name__ == "__main__":
    from gates.recording.program import main

    sys.exit(main(sys.argv[1:], PLACE))
