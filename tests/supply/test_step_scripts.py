"""What a step's script passes over, and what it asks make for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.extractors.step_script import made, passed_over, read

odd_scripts = st.lists(
    st.sampled_from(
        "|| true exit } { ( ) $( ` ' \" \n \\\n ; && make cd x -C bash -c <<E E set +e # ${{ }}".split(" ")
    ),
    max_size=30,
).map(" ".join)


@pytest.mark.parametrize(
    "script",
    [
        "a || true",
        "a || true; b",
        "a || true && b",
        "a ||\ntrue",
        'x="$(grep foo bar || true)"',
        "x=`grep foo bar || :`",
        "a || exit 0;",
        "a || return 0",
        "a || { true; }",
        "a || { echo failed; exit 0; }",
        "a || (echo failed; true) && b",
        "a || { b || c; true; }",
        "a || /bin/true",
        "a || command true",
        "a || :;",
        "a || printf 'failed\n' >&2",
        "a || echo failed | tee log",
        "if a || true; then b; fi",
        "set +e",
        "set -u; set +eu",
        "set +o errexit",
        "set +u +o errexit",
        "set -euo pipefail; set +e",
        "bash -ec 'a || true'",
        "bash <<END\na || true\nEND",
    ],
)
def test_a_failure_is_passed_over_however_it_is_spelled(script: str) -> None:
    assert len(set(passed_over(read(script, 1)))) == 1


@pytest.mark.parametrize(
    "script",
    [
        "# never write || true",
        "a # || true",
        "echo 'a || true' \"|| true\" \\|\\| true",
        "a || exit 1",
        "a || exit",
        "a || exit $?",
        "a || false",
        "a || b",
        "a || echo failed && exit 1",
        "a || { echo failed; exit 1; }",
        "a || { echo failed; false; }",
        "a || { true; b; }",
        "a || (echo failed; exit 1)",
        "a && true",
        "a | true",
        "set -e",
        "set -o errexit",
        "b ${{ inputs.a || true }}",
        "cat > b.sh <<END\na || true\nEND",
        "a || }",
    ],
)
def test_what_still_fails_passes_over_nothing(script: str) -> None:
    assert list(passed_over(read(script, 1))) == []


def test_the_line_is_that_of_what_runs_instead() -> None:
    assert list(passed_over(read("a\nb || true\nc \\\n  || { echo d\n  true; }\nset +e", 11))) == [12, 14, 16]
    assert list(passed_over(read("env bash -c 'a\nb || true' \\\n  c", 1))) == [2]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("make a b", ["a", "b"]),
        ('"make" a', ["a"]),
        ("/usr/bin/make a && gmake b", ["a", "b"]),
        ("if ! make a; then make b; fi", ["a", "b"]),
        ("! make a", ["a"]),
        ("env -u X A=1 make a", ["a"]),
        ("A=$B make a", ["a"]),
        ("sudo -E -u root make a", ["a"]),
        ("timeout --signal KILL 5m nice make a", ["a"]),
        ("x=$(make -s a)", ["a"]),
        ("bash -c 'make a'", ["a"]),
        ("make a 2>&1 | tee log", ["a"]),
        ("make a \\\n  B=1", ["a"]),
        ("make -j 4 -kj4 -l2.5 --jobs 2 --output-sync=target -s a", ["a"]),
        ("make -o b -W c --what-if d --eval=e a", ["a"]),
        ("make 'B=make c' a # make d", ["a"]),
        ("make $B ${{ inputs.b }} $(b) a", ["a"]),
        ("make -f b.mk a; make -fb.mk a; make --file=b.mk a; make -sf b.mk a; make --makefile b.mk a", []),
        ("make --unheard-of a", []),
        ("echo make a; cmake a; make-it a", []),
        ("make", []),
    ],
)
def test_make_is_asked_for_each_of_its_words_that_is_a_target(script: str, expected: list[str]) -> None:
    assert [each.target for each in made(read(script, 1), "")] == expected


@pytest.mark.parametrize(
    ("script", "folder", "expected"),
    [
        ("make a", "./docs/", ["docs"]),
        ("make a", "${{ matrix.folder }}", []),
        ("make a", "/tmp", []),
        ("cd docs && make a", "", ["docs"]),
        ("(cd docs; make a); make a", "", ["docs", ""]),
        ("cd docs\nmake a\ncd ..\nmake a", "", ["docs", ""]),
        ("pushd docs; make a; popd; make a; popd; make a", "", ["docs", ""]),
        ('cd "$there" && make a', "", []),
        ("cd && make a; cd - && make a; cd ../other && make a; cd ~/b && make a", "", []),
        ('make -Cdocs a; make -C "docs" a; make --directory=docs a; make --directory docs a', "", ["docs"] * 4),
        ("make -sC docs -C api a", "sub", ["sub/docs/api"]),
        ("make -C $there a; make -C .. a", "", []),
    ],
)
def test_make_runs_in_the_folder_that_it_is_taken_to(script: str, folder: str, expected: list[str]) -> None:
    assert [each.folder for each in made(read(script, 1), folder)] == expected


@given(odd_scripts)
def test_no_script_is_too_odd_and_every_line_is_one_of_it(script: str) -> None:
    commands = read(script, 1)
    lines = [*passed_over(commands), *(each.line for each in made(commands, ""))]

    assert all(1 <= line <= script.count("\n") + 1 for line in lines)
