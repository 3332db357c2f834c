"""What a command in a document takes for granted, form by form: targets, scripts, modules, tests, extras."""

from __future__ import annotations

import pytest

from gates.facts.extractors.documents.command_lines import commands

# The line, and each claim: its kind and its parts.
LINES = [
    ("$ make lint -j 4 test", ["command | make | lint | ", "command | make | test | "]),
    ("make -C docs html", ["command | make | html | docs"]),
    ("make -Csub all", ["command | make | all | sub"]),
    ("make -f build/Makefile VAR=1 release", ["command | make | release | build"]),
    ("make sure it works", []),
    ("make [target] now", []),
    ("npm run lint", ["command | npm | lint | "]),
    ("npm test", ["command | npm | test | "]),
    ("npm start", []),
    ("npm --prefix web run lint", []),
    ("npm run lint --workspace=web", []),
    ("yarn run build", ["command | maybe npm | build | "]),
    ("pnpm run-script build", ["command | npm | build | "]),
    ("npm run <name>", ["command | unknown |  | "]),
    ("tox -e py39,lint", ["command | tox | py39 | ", "command | tox | lint | "]),
    ('nox -s "tests(python=3.9)"', ["command | nox | tests | "]),
    ("just build", ["command | just | build | "]),
    ("poe <task>", []),
    ("tox -e {env}", []),
    ("python -W error -m shop.run", ["command | python -m | shop.run | "]),
    ("python -m pytest tests/test_a.py::test_b -k slow -x", ["test | tests/test_a.py | test_b | "]),
    ("python3 -m pip install -r requirements.txt", ["path | requirements.txt | run | "]),
    ("python tools/run.py", ["path | tools/run.py | run | "]),
    ('python -c "print(1)"', []),
    ("python -m <module>", []),
    (
        'pytest tests/unit "tests/test_a.py::test_b[x]" tests/<name>.py plain',
        ["path | tests/unit | run | ", "test | tests/test_a.py | test_b[x] | "],
    ),
    (
        'pip install ".[test, docs]" -c constraints.txt',
        ["extra | . | test | extra", "extra | . | docs | extra", "path | constraints.txt | run | "],
    ),
    ("pip list", []),
    ("pip install ./shop[extra]", ["extra | ./shop | extra | extra"]),
    ("uv sync --extra test --group=dev --frozen", ["extra | . | test | extra", "extra | . | dev | group"]),
    ("uv pip install -r reqs.txt", ["path | reqs.txt | run | "]),
    (
        "poetry install -E docs --with dev,ci",
        ["extra | . | docs | extra", "extra | . | dev | group", "extra | . | ci | group"],
    ),
    ("pdm build", []),
    ("poetry install --with {group}", []),
    ("uv run --extra docs make html", ["extra |  | docs | extra", "command | make | html | "]),
    ("uv run --env-file .env -m shop.run", ["command | python -m | shop.run | "]),
    ("poetry run env A=1 python tools/run.py", ["path | tools/run.py | run | "]),
    ("uv tool install x", []),
    ("uvx ruff check", []),
    ("sudo time make all", ["command | make | all | "]),
    ("bash tools/run.sh && ./run.py", ["path | tools/run.sh | run | ", "path | ./run.py | run | "]),
    ('cd web && npm test; cd "<place>" && ./gone.sh', ["command | npm | test | web"]),
    ("shop serve", ["command | script | shop | "]),
    ("shop", []),
    ("/usr/bin/env python x.py", []),
]
# What stands in a block of code is a command, though nothing else says so.
BLOCKS = [
    ("tools/run.py --fast", ["path | tools/run.py | run | "]),
    ("shop", ["command | script | shop | "]),
]


def claims(text: str, is_block: bool = False) -> list[str]:
    return [" | ".join((claim.kind, *claim.parts)) for claim in commands(text, 3, "", is_block=is_block)]


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_what_a_command_takes_for_granted_is_claimed(text: str, expected: list[str]) -> None:
    assert claims(text) == expected


@pytest.mark.parametrize(("text", "expected"), BLOCKS)
def test_in_a_block_a_word_alone_is_a_command(text: str, expected: list[str]) -> None:
    assert claims(text, is_block=True) == expected
