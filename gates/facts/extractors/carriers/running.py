"""What code a command names: what it runs, the variables that it sets, the folders that it puts on the path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Optional

from gates.facts.extractors.carriers.names import is_dotted, of_target
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.python_source import imported
from gates.facts.extractors.carriers.shell import Ran, Said, Variables, ran
from gates.facts.extractors.carriers.use import FILE, LOADS, NAME, RUNS, SEARCH, SEARCHES, WORD, Use
from gates.facts.extractors.commands import HOLE, Run, run_by
from gates.facts.extractors.launchers import VARIABLES

_DEEPEST = 3
_SHELLS = frozenset("sh bash dash ash zsh ksh".split())
# They run another program, which stands somewhere behind their own options.
_WRAPPERS = frozenset(
    "sudo doas su env timeout nice ionice chrt taskset xargs parallel find watch entr tini dumb-init gosu su-exec "
    "docker docker-compose podman kubectl oc heroku fly strace ltrace perf time nohup setsid stdbuf xvfb-run chronic "
    "catchsegv unbuffer conda mamba micromamba poetry uv pipenv pdm hatch rye tox dotenv honcho watchmedo nodemon "
    "reflex py-spy memray scalene srun mpirun mpiexec doppler chamber infisical direnv nix-shell s6-setuidgid "
    "with-contenv exec command builtin aws-vault op flock retry screen tmux start-stop-daemon systemd-run".split()
)
_PROGRAM = re.compile(
    r"(?:.*/)?(?:(?:python|pypy|pythonw|ipython)[\d.]*|gunicorn|uvicorn|hypercorn|daphne|granian|uwsgi|waitress-serve|"
    r"flask|fastapi|celery|django-admin|pytest|py\.test|coverage|sh|bash|streamlit|locust|dramatiq|arq|huey_consumer|"
    r"faust|torchrun|accelerate|deepspeed|kopf|scrapy|alembic)"
)
_ENDING_IN_PY = re.compile(r"(?:.*/)?[\w-]+\.py")
_READS_STDIN = re.compile(r"-[uEIsSBO]*|-|/dev/stdin|-W\w+")
_UNKNOWN = re.compile(r"\$\{?\w+\}?|\$\([^)]*\)|%\w+%|\{\w+\}")
_INTERPRETER = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*")


def by_script(
    text: str,
    places: Places,
    line: int = 1,
    variables: Optional[Variables] = None,
    folder: str = "",
    depth: int = 0,
) -> Iterator[Use]:
    """What the commands of a shell script name; `line` is that of its first line among the places."""
    for command in ran(text, variables or {}, folder, line):
        yield from _of(command, places, variables or {}, depth)


def by_words(words: Sequence[str], places: Places, line: int, folder: str = "", depth: int = 0) -> Iterator[Use]:
    """What one command names that is given word by word."""
    yield from _of(Ran(tuple(Said(word, line) for word in words), None, folder), places, {}, depth)


def by_variable(name: str, value: str, places: Places, line: int, folder: str = "", depth: int = 0) -> Iterator[Use]:
    """What a variable of the environment names."""
    kind = VARIABLES.get(name)
    if kind == "folders":
        yield from searched(value, places, line, folder)
    elif kind == "script":
        yield _found(FILE, value, RUNS, places, line, folder)
    elif kind is not None:
        for part in re.split(r"[,\s]+", value):
            target = of_target(part.partition("=")[0])
            if target:
                yield _found(NAME, target, LOADS, places, line, folder)
    elif name in ("PYTEST_ADDOPTS", "GUNICORN_CMD_ARGS"):
        program = name.partition("_")[0].lower()
        yield from by_script(f"{program} {value}", places, line, {}, folder, depth)
    elif "_" in name:
        target = of_target(value)
        if target and is_dotted(target):
            yield _found(WORD, target, name, places, line, folder)


def searched(value: str, places: Places, line: int, folder: str = "") -> Iterator[Use]:
    """The folders of a search path, `a:b`."""
    for part in re.split(r"[:;]", _UNKNOWN.sub(HOLE, value)):
        known = part.rpartition(HOLE)[2]
        if known.strip("/. "):
            at = places.find(known.strip().strip("/"), line)
            yield Use(*at, SEARCH, known.strip() if HOLE not in part else f"/{known.strip('/ ')}", SEARCHES, folder)


def _of(command: Ran, places: Places, variables: Variables, depth: int) -> Iterator[Use]:
    words = list(command.words)
    while words and _assigned(words[0].text):
        name, _, value = words.pop(0).text.partition("=")
        yield from by_variable(name, value, places, command.words[0].line, command.folder, depth)
    if not words:
        return
    program = words[0].text.rpartition("/")[2]
    if program in _WRAPPERS:
        yield from _wrapped(command, words[1:], places, variables, depth)
        return
    if program == "eval" and depth < _DEEPEST:
        text = " ".join(word.text for word in words[1:])
        yield from by_script(text, places, words[0].line, variables, command.folder, depth + 1)
    elif program in _SHELLS or words[0].text in (".", "source"):
        yield from _by_shell(command, words, places, variables, depth)
    elif command.fed and _INTERPRETER.fullmatch(words[0].text) and _reads_stdin(words[1:]):
        yield from by_source(*command.fed, places)
    else:
        for run in run_by([word.text for word in words]):
            yield from _placed(run, words, places, command.folder)
        if "/" in words[0].text and not words[0].text.endswith(".py") and not _PROGRAM.fullmatch(words[0].text):
            yield from _placed(Run("script", words[0].text), words, places, command.folder)


def _assigned(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _wrapped(command: Ran, words: Sequence[Said], places: Places, variables: Variables, depth: int) -> Iterator[Use]:
    """The command behind a wrapper's own options; the first word that is a program which runs Python."""
    for number, word in enumerate(words):
        if _assigned(word.text):
            name, _, value = word.text.partition("=")
            yield from by_variable(name, value, places, word.line, command.folder, depth)
        elif _PROGRAM.fullmatch(word.text) or _ENDING_IN_PY.fullmatch(word.text):
            yield from _of(command._replace(words=tuple(words[number:])), places, variables, depth)
            return


def _by_shell(command: Ran, words: Sequence[Said], places: Places, variables: Variables, depth: int) -> Iterator[Use]:
    if depth >= _DEEPEST:
        return
    given = next((number for number, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word.text)), 0)
    if given and len(words) > given + 1:
        text = words[given + 1]
        yield from by_script(text.text, places, text.line, variables, command.folder, depth + 1)
    elif command.fed:
        yield from by_script(command.fed[0], places, command.fed[1], variables, command.folder, depth + 1)
    else:
        scripts = [word for word in words[1:] if not word.text.startswith(("-", "+"))]
        for script in scripts[:1]:
            yield from _placed(Run("script", script.text), words, places, command.folder)


def _reads_stdin(words: Sequence[Said]) -> bool:
    return all(_READS_STDIN.fullmatch(word.text) for word in words) or [word.text for word in words[:1]] == ["-"]


def by_source(text: str, line: int, places: Places) -> Iterator[Use]:
    """What Python source names that begins on a line of the file; nothing where it is no Python after all."""
    try:
        found = list(imported(text))
    except (SyntaxError, ValueError, RecursionError):
        return
    for use in found:
        first = line + use.line - 1
        at, column = places.find(use.text, first, first)
        if not column:  # `from a import b` holds a and b
            at, column = places.find(use.text.rpartition(".")[0] or use.text, first, first)
        yield use._replace(line=at, column=column)


def _placed(run: Run, words: Sequence[Said], places: Places, folder: str) -> Iterator[Use]:
    line = next((word.line for word in words if run.text in word.text), words[0].line)
    if run.kind == "source":
        if HOLE not in run.text:
            yield from by_source(run.text, line, places)
    elif run.kind == "folders":
        yield from searched(run.text, places, line, folder)
    elif run.kind == "script":
        known = run.text.rpartition(HOLE)[2]
        if known.strip("/"):
            yield _found(FILE, run.text if HOLE not in run.text else f"/{known.strip('/')}", RUNS, places, line, folder)
    else:
        target = of_target(run.text)
        if target and (run.kind == "module" or ":" in run.text or is_dotted(target)):
            yield _found(NAME, target, RUNS, places, line, folder, run.text)
        elif target:
            yield _found(NAME, target, RUNS, places, line, folder)


def _found(kind: str, text: str, way: str, places: Places, line: int, folder: str, spelled: str = "") -> Use:
    at, column = places.find(spelled or text.lstrip("/"), line)
    if not column and spelled:
        at, column = places.find(text, line)
    return Use(at, column, kind, text, way, folder)
