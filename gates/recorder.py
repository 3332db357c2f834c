"""The pytest plugin that writes down which imports really happened: `pytest --gates-record-imports`.

`pytest --gates-record-sources` writes down which content every module had while the tests ran, so that a report of
coverage can be told from an old one.

Without the options it does nothing, and imports next to nothing. For a program that is no test:
`python -m gates.recorder [--to FILE] SCRIPT [ARGUMENT ...]`, or `-m MODULE` in place of the script.

What child processes import is not seen, except in the workers of pytest-xdist.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the typing module is not needed by those who record nothing
if TYPE_CHECKING:
    from typing import Any

    import pytest

OPTION = "--gates-record-imports"
PLACE = ".gates/recordings/imports.jsonl"
SUFFIX = ".jsonl"
_NAME = "gates recorder"
SOURCES_OPTION = "--gates-record-sources"
SOURCES_PLACE = ".gates/recordings/sources.json"
_SOURCES_NAME = "gates recorder of sources"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option."""
    parser.getgroup("gates").addoption(
        OPTION,
        nargs="?",
        const=PLACE,
        metavar="FILE",
        help=f"write down which imports really happened, for the gates to judge [{PLACE}]; FILE ends in {SUFFIX}",
    )
    parser.getgroup("gates").addoption(
        SOURCES_OPTION,
        nargs="?",
        const=SOURCES_PLACE,
        metavar="FILE",
        help=f"write down which content every module had while the tests ran [{SOURCES_PLACE}]",
    )


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Begin before the first conftest is imported."""
    known = early_config.known_args_namespace
    _give_back(args, known)
    _begin(early_config, known)


def _give_back(words: list[str], known: Any) -> None:
    """Of `--gates-record-imports tests/` the tests were taken for the file; pytest has yet to parse the words again."""
    taken = known.gates_record_imports
    pair = [OPTION, taken]
    at = next((i for i in range(len(words) - 1) if words[i : i + 2] == pair), None)
    if at is not None and not taken.endswith(SUFFIX):
        words[at] = f"{OPTION}={PLACE}"
        known.gates_record_imports = PLACE
        known.file_or_dir.insert(0, taken)


def pytest_configure(config: pytest.Config) -> None:
    """Begin, where the plugin came too late to begin before."""
    _begin(config, config.option)
    wanted = config.option.gates_record_sources
    if wanted is not None and not hasattr(config, "workerinput"):  # a worker of pytest-xdist sees the same files
        from gates.recording.sources import SourcesSession

        config.pluginmanager.register(SourcesSession(str(config.rootpath), wanted), _SOURCES_NAME)


def _begin(config: pytest.Config, options: object) -> None:
    wanted = getattr(options, "gates_record_imports", None)
    if wanted is None or config.pluginmanager.has_plugin(_NAME):
        return
    if not wanted.endswith(SUFFIX):
        import pytest

        raise pytest.UsageError(f"{OPTION}: '{wanted}' is no name of a recording; write {OPTION}=FILE{SUFFIX}")
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
