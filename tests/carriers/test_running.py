"""What a script names: the modules and files that it runs, the variables and folders that it sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.extractors.carriers import shell_script
from gates.facts.extractors.carriers.use import SEARCH, Use


def uses(script: str) -> tuple[Use, ...]:
    return shell_script.extract(script.encode("utf-8", "surrogatepass")) or ()


def named(script: str) -> list[str]:
    """Of the names of modules those of the tree: a program that is run is a module, too."""
    return [use.text for use in uses(script) if use.kind == "name" and use.text.startswith("candidate")]


@pytest.mark.parametrize(
    "command",
    [
        "python -m candidate.core",
        "python3.11 -X dev -OO -W error -m candidate.core --help",
        "/opt/venv/bin/python -um candidate.core",
        "python -mcandidate.core",
        "exec python -m candidate.core",
        "if python -m candidate.core; then true; fi",
        "! python -m candidate.core || exit 1",
        "while true; do python -m candidate.core; done",
        "env -i A=1 python -m candidate.core",
        "sudo -u www -- python -m candidate.core",
        "timeout -k 5 10 python -m candidate.core",
        "nohup python -m candidate.core > log 2>&1 &",
        "poetry run python -m candidate.core",
        "uv run --with x python -m candidate.core",
        "docker compose exec -T app python -m candidate.core",
        "xargs -n1 python -m candidate.core",
        "find . -name '*.py' -exec python -m candidate.core {} ;",
        "bash -ec 'python -m candidate.core'",
        'eval "python -m candidate.core"',
        "$(python -m candidate.core)",
        'echo "`python -m candidate.core`"',
        "python -m pdb -m candidate.core",
        "python -m coverage run -m candidate.core",
        "gunicorn -w 4 candidate.core:app",
        "gunicorn --reload candidate.core",
        "uvicorn --factory candidate.core:create",
        "python -m uvicorn candidate.core:app --reload",
        "celery -A candidate.core worker",
        "celery --app candidate.core worker",
        "flask --app=candidate.core run",
        "django-admin migrate --settings candidate.core",
        "waitress-serve --call candidate.core:make",
        "uwsgi --http :80 --module candidate.core:app",
        "dramatiq candidate.core",
        "pytest -p candidate.core tests",
        "DJANGO_SETTINGS_MODULE=candidate.core ./start",
        "export FLASK_APP=candidate.core:app",
        "M=candidate.core; python -m $M",
        'M="candidate.core"\npython -m "${M}"',
        "python -m ${M:-candidate.core}",
        "P='python -m'; $P candidate.core",
        "f() {\n  python -m candidate.core\n}",
        "case $1 in x) python -m candidate.core ;; esac",
    ],
)
def test_a_command_that_runs_the_module(command: str) -> None:
    (name,) = named(command)

    assert name in ("candidate.core", "candidate.core.app", "candidate.core.create", "candidate.core.make")


@pytest.mark.parametrize(
    "command",
    [
        "echo python -m candidate.core",
        'printf "%s" "python -m candidate.core"',
        "# python -m candidate.core",
        "pip install candidate.core",
        "python -m pip install candidate.core",
        "python -m $UNKNOWN candidate.core",
        "grep -rn 'python -m candidate.core' .",
        "ruff check candidate/core.py",
        "mypy -p candidate.core",
        "git log -- candidate/core.py",
        "cat <<E\npython -m candidate.core\nE",
        "pytest candidate/core.py -k candidate.core",
    ],
)
def test_a_command_that_only_mentions_it(command: str) -> None:
    assert named(command) == []
    assert "candidate/core.py" not in [use.text for use in uses(command)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("python candidate/core.py", [("file", "candidate/core.py", "")]),
        ("cd candidate && python core.py", [("file", "core.py", "candidate")]),
        ("(cd candidate; python core.py); python x.py", [("file", "core.py", "candidate"), ("file", "x.py", "")]),
        ("cd a; cd ../b; python -m c.d", [("name", "c.d", "b")]),
        ('cd "$HOME/candidate"; python core.py', [("file", "core.py", "candidate")]),
        ('python "$DIR/candidate/core.py"', [("file", "/candidate/core.py", "")]),
        ("./candidate/tool --x", [("file", "./candidate/tool", "")]),
        ("streamlit run candidate/core.py", [("file", "candidate/core.py", "")]),
    ],
)
def test_where_something_runs(script: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(use.kind, use.text, use.folder) for use in uses(script)] == expected


@pytest.mark.parametrize(
    ("script", "folders"),
    [
        ("PYTHONPATH=candidate python x.py", ["candidate"]),
        ("export PYTHONPATH=src:$PYTHONPATH:/app/candidate", ["src", "/app/candidate"]),
        ('PYTHONPATH="$(pwd)/candidate${PYTHONPATH:+:$PYTHONPATH}" x', ["/candidate"]),
        ("gunicorn --pythonpath candidate core:app", ["candidate"]),
    ],
)
def test_folders_on_the_path_of_imports(script: str, folders: list[str]) -> None:
    assert [use.text for use in uses(script) if use.kind == SEARCH] == folders


def test_python_that_stands_in_the_script_is_read_as_python() -> None:
    script = "python -c 'import a.b; from c import d'\npython - <<E\nimport re\nimport e.f as g\n__import__('h.i')\nE\n"

    found = [(use.line, use.text) for use in uses(script)]

    assert found == [(1, "a.b"), (1, "c.d"), (3, "re"), (4, "e.f"), (5, "h.i")]


def test_every_value_of_a_loop_and_of_a_branch_is_followed() -> None:
    script = "for m in a.b c.d; do python -m $m; done\nx=e.f\nif y; then x=g.h; fi\npython -m $x\nx=i.j\npython -m $x\n"

    assert [(use.line, use.text) for use in uses(script) if use.kind == "name"] == [
        (1, "a.b"),
        (1, "c.d"),
        (4, "e.f"),
        (4, "g.h"),
        (6, "i.j"),
    ]


@given(st.text(max_size=200))
def test_no_script_is_too_odd(script: str) -> None:
    for use in uses(script):
        assert 1 <= use.line <= script.count("\n") + 1
        assert use.column >= 0
