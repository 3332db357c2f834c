"""What Python code a command runs: `python -m NAME`, `-c SOURCE`, a script, and programs that take an application.

Nothing is run. A word that is not known has a HOLE in it.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Optional

HOLE = "\ufdd2"

_PYTHON = re.compile(r"(?:.*[/\\])?(?:i?python|pypy|pythonw)[\d.]*(?:\.exe)?")
_SET = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_BEFORE = frozenset("env exec sudo nohup time nice command xvfb-run stdbuf setsid ionice winpty".split())
_RUNNERS = frozenset("uv poetry pipenv hatch pdm rye conda tox nox coverage".split())
_WITH_VALUE = frozenset("WX")
_SERVERS = frozenset("gunicorn uvicorn hypercorn daphne granian waitress-serve uwsgi".split())
# Their application, or worker, stands among the words, and may be a module alone.
_BY_POSITION = frozenset("gunicorn dramatiq arq huey_consumer waitress-serve".split())
# They run a script as Python itself would.
_OF_SCRIPTS = frozenset(
    "streamlit fastapi locust torchrun accelerate deepspeed chainlit panel bokeh marimo kopf".split()
)
# Python's own modules, and others, that run what stands behind them as Python itself would.
_RUN_ANOTHER = frozenset("pdb cProfile profile trace coverage runpy viztracer kernprof debugpy ipdb pudb".split())
_RUN_NAMES = frozenset("unittest pydoc".split())
_NAMING = {
    "celery": ("-A", "--app"),
    "flask": ("-A", "--app"),
    "quart": ("-A", "--app"),
    "faust": ("-A", "--app"),
    "gunicorn": ("-k", "--worker-class", "--logger-class"),
    "uwsgi": ("-w", "--module", "--wsgi"),
    "kopf": ("-m", "--module"),
    "dagster": ("-m", "--module-name"),
    "django-admin": ("--settings",),
    "pytest": ("-p",),
    "py.test": ("-p",),
}
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_SPLITS = frozenset({";", "&&", "||", "|", "&", "(", ")", "\n"})


class Run(NamedTuple):
    """What a command runs: a "module", an "object" in one, "source" text, a "script", or "folders" to search."""

    kind: str
    text: str


def run_by_line(line: str) -> Iterator[Run]:
    """What a line of a shell runs, each of its commands."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:  # a quote that is not closed
        words = line.split()
    command: list[str] = []
    folder = ""
    for word in [*words, ";"]:
        if word in _SPLITS or not word.strip(";&|()\n"):
            if command[:1] == ["cd"] and len(command) > 1:
                folder = posixpath.join(folder, command[1])
            yield from run_in(folder, run_by(command))
            command = []
        else:
            command.append(word)


def run_in(folder: str, runs: Iterable[Run]) -> Iterator[Run]:
    """The same, of a command that runs in a folder: it finds scripts and modules there."""
    for run in runs:
        if folder and run.kind == "script":
            yield Run("script", posixpath.join(folder, run.text))
            continue
        yield run
        if folder and run.kind in ("module", "object"):
            yield Run("script", posixpath.join(folder, run.text.split(":")[0].replace(".", "/") + ".py"))


def run_by(words: Sequence[str]) -> Iterator[Run]:
    """What a command of these words runs."""
    rest = list(words)
    while rest:
        assigned = _SET.fullmatch(rest[0])
        if assigned and HOLE not in assigned[1]:
            if assigned[1] == "PYTHONPATH":
                yield Run("folders", assigned[2])
            elif assigned[1] in ("DJANGO_SETTINGS_MODULE", "FLASK_APP"):
                yield Run("object", assigned[2])
            rest.pop(0)
        elif _name(rest[0]) in _BEFORE:
            rest.pop(0)
            while rest and rest[0].startswith("-"):
                rest.pop(0)
        else:
            break
    if not rest:
        return
    program, arguments = rest[0], rest[1:]
    name = _name(program)
    if name in _SHELLS and len(arguments) > 1 and arguments[0] in ("-c", "-lc", "-ec"):
        yield from run_by_line(arguments[1])
    elif name in _RUNNERS:
        yield from _by_runner(name, arguments)
    elif _PYTHON.fullmatch(program) or (HOLE in program and _looks_like_python(arguments)):
        yield from _by_python(arguments)
    elif program.endswith(".py"):
        yield Run("script", program)
        yield from _named(("--settings",), arguments)
    else:
        yield from _by_program(name, arguments)


def may_run_python(command: str) -> bool:
    """Whether a command that begins so may be one of those that run Python code, once more of it is known."""
    program = command.split(" ")[0]
    name = _name(program)
    known = name in _BEFORE | _RUNNERS | _SERVERS | _BY_POSITION | _OF_SCRIPTS or name in _NAMING
    return known or HOLE in program or _PYTHON.fullmatch(program) is not None or name in _SHELLS


def _name(program: str) -> str:
    return program.replace("\\", "/").rpartition("/")[2]


def _looks_like_python(arguments: Sequence[str]) -> bool:
    return bool(arguments) and (arguments[0] in ("-m", "-c") or arguments[0].endswith(".py"))


def _by_runner(name: str, arguments: Sequence[str]) -> Iterator[Run]:
    rest = list(arguments)
    if name == "coverage":
        if rest[:1] == ["run"]:
            yield from _by_python([word for word in rest[1:] if not word.startswith("--")], strict=False)
        return
    if "--" in rest:
        yield from run_by(rest[rest.index("--") + 1 :])
    elif "run" in rest:
        rest = rest[rest.index("run") + 1 :]
        while rest and rest[0].startswith("-"):
            rest.pop(0)
        yield from run_by(rest)


def _by_python(arguments: Sequence[str], strict: bool = True) -> Iterator[Run]:
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "-":
            yield Run("input", "")
            return
        if word == "--":
            continue
        if not word.startswith("-") or word.startswith("--"):
            if word.startswith("--"):
                continue
            yield Run("script", word)
            yield from _named(("--settings",), rest)
            return
        letters = word[1:]
        for position, letter in enumerate(letters):
            if letter in "mc":
                given = letters[position + 1 :] or (rest.pop(0) if rest else "")
                if letter == "c":
                    yield Run("source", given)
                elif given:
                    yield Run("module", given)
                    yield from _behind_module(given, rest)
                return
            if letter in _WITH_VALUE:
                if position == len(letters) - 1 and rest:
                    rest.pop(0)
                break


def _behind_module(name: str, rest: list[str]) -> Iterator[Run]:
    if name in _RUN_ANOTHER:
        if name == "coverage" and rest[:1] == ["run"]:
            rest = rest[1:]
        yield from _by_python(rest)
    elif name in _RUN_NAMES:
        yield from (Run("object", word) for word in rest if not word.startswith("-") and "/" not in word)
    elif name == "timeit":
        yield from (Run("source", word) for word in rest if not word.startswith("-"))
    else:
        yield from _by_program(name, rest)


def _by_program(name: str, arguments: Sequence[str]) -> Iterator[Run]:
    if name in _SERVERS:
        yield from (Run("object", word) for word in arguments if _is_application(word))
        yield from (Run("folders", word) for word in _after(("--chdir", "--app-dir", "--pythonpath"), arguments))
    if name in _BY_POSITION:
        yield from (Run("object", word) for word in _by_position(arguments) if not _is_application(word))
    if name in _OF_SCRIPTS:
        yield from (Run("script", word) for word in arguments if word.endswith(".py"))
    yield from _named(_NAMING.get(name, ()), arguments)


def _by_position(arguments: Sequence[str]) -> Iterator[str]:
    """The words that are no option, nor the value of one; the last, too, which may be either."""
    for before, word in zip(("", *arguments), arguments):
        if word[:1] != "-" and (not before.startswith("-") or "=" in before) and not word.endswith(".py"):
            yield word
    if len(arguments) > 1 and arguments[-2].startswith("-") and arguments[-1][:1] not in ("-", ""):
        yield arguments[-1]


def _is_application(word: str) -> bool:
    return not word.startswith("-") and re.fullmatch(rf"[\w.{HOLE}]+:[\w.(){HOLE}]+", word) is not None


def _named(options: Sequence[str], arguments: Sequence[str]) -> Iterator[Run]:
    for word in _after(options, arguments):
        if not word.startswith("no:"):
            yield Run("object", word)


def _after(options: Sequence[str], arguments: Sequence[str]) -> Iterator[str]:
    following: Optional[str] = None
    for word in arguments:
        if following is not None:
            yield word
            following = None
        elif word in options:
            following = word
        else:
            for option in options:
                if word.startswith(f"{option}=") or (len(option) == 2 and word.startswith(option) and word != option):
                    yield word[len(option) :].lstrip("=")
