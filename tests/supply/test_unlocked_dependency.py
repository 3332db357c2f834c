"""A lock holds together by itself: what is asked for is pinned, hashed, explained, and nothing else is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.supply.unlocked_dependency import UnlockedDependency
from gates.errors import FactUnavailable, PolicyError
from gates.facts.carrier_files import CarrierSettings
from gates.facts.checkout import Checkout
from gates.facts.supply.asked import Asked, asked_for, environments
from gates.facts.supply.install_commands import InstallCommands, commands
from gates.facts.supply.installed import InstalledDistributions
from gates.facts.supply.requirement_lines import Via, lines
from gates.facts.supply.requirements import LockOf, Requirements, RequirementSettings
from gates.finding import Finding
from tests.supply.trees import case as case_of
from tests.supply.trees import tree_of

HASH = f"--hash=sha256:{'a' * 64}"
NOTHING = InstalledDistributions({})


def case(name: str) -> Checkout:
    return case_of("unlocked-dependency", name)


def found(
    checkout: Checkout,
    settings: RequirementSettings = RequirementSettings(),  # noqa: B008  (it is frozen)
    installed: InstalledDistributions = NOTHING,
) -> list[Finding]:
    requirements = Requirements.gather(checkout, settings)
    installs = InstallCommands.gather(checkout, CarrierSettings())
    return list(UnlockedDependency().check(requirements, installed, installs))


def subjects(checkout: Checkout, path: str = "requirements.txt") -> list[str]:
    return sorted(finding.subject for finding in found(checkout) if finding.path == path)


def test_a_lock_that_follows_from_what_is_asked_for_is_left_alone() -> None:
    assert found(case("clean")) == []


def test_a_lock_that_was_edited_by_hand_is_seen_at_every_edit() -> None:
    assert subjects(case("hand-edited")) == sorted(
        [
            "attractive: not what is asked for",
            "bare: no hash",
            "bare: via gone",
            "bare: orphan",
            "found: orphan",
            "loose: no pin",
            "loose: via requirements.in",
            "lost: orphan",
            "missing: not locked",
            "not a requirement: unreadable",
            "place: --extra-index-url https://wheels.example.org/simple",
            "place: ./wheels/local-1.0-py3-none-any.whl",
            "stale: via requirements.in",
            "unsaid: no via",
        ]
    )


@pytest.mark.parametrize(
    "index", ["-ihttps://evil.example/simple", "--index=https://evil.example/simple", "-f./wheels"]
)
def test_an_index_is_one_in_each_spelling_that_pip_takes(index: str) -> None:
    assert subjects(tree_of({"requirements.txt": f"a==1 {HASH}\n{index}\n"})) == [f"place: {index}"]


def test_nothing_that_is_said_of_an_index_holds_the_word_that_opens_it() -> None:
    assert not [each for each in found(case("hand-edited")) if "user:word" in each.message + each.subject]


def test_tables_are_read_as_locks_too() -> None:
    assert subjects(case("universal"), "uv.lock") == sorted(
        [
            "absent: not locked",
            "attractive: no hash",
            "attractive: place",
            "orphan: orphan",
            "unlocked: asked for no more",
            "unlocked: not locked",
        ]
    )
    assert subjects(case("universal"), "pylock.toml") == sorted(
        ["absent: not locked", "attractive: no hash", "beside: no hash", "beside: place"]
    )


def said(files: Mapping[str, Union[str, bytes]]) -> list[str]:
    return sorted(f"{finding.path}: {finding.subject}" for finding in found(tree_of(files)))


def test_what_an_included_file_asks_for_is_asked_for_and_what_constrains_is_kept_to() -> None:
    files = {
        "requirements/base.in": "foo\n-r dev.in\n",  # pip takes a circle too
        "requirements/base.txt": f"foo==1 {HASH}\nbar==1 {HASH}\n",
        "requirements/dev.in": "-r base.in\n-c base.txt\n-c ../constraints.txt\nbar\n",
        "requirements/dev.txt": f"bar==2 {HASH}\n    # via -r requirements/dev.in\n",
        "constraints.txt": "bar < 2\nunheard-of > 1\n",
    }
    kept = f"foo==1 {HASH}\n    # via\n    #   -c base.txt\n    #   -r base.in\nbar==1 {HASH}\n    # via -r dev.in\n"

    assert said(files) == [
        "requirements/dev.txt: bar: not as constraints.txt has it",
        "requirements/dev.txt: bar: not as requirements/base.txt has it",
        "requirements/dev.txt: foo: not locked",
    ]
    assert said({**files, "requirements/dev.txt": kept}) == []


def test_what_is_included_by_a_locked_file_or_constrains_one_needs_no_lock_of_its_own() -> None:
    files = {
        "requirements.in": "-r requirements-base.in\n--constraint=requirements-bounds.txt\nbar\n",
        "requirements-base.in": "foo\n",
        "requirements-bounds.txt": "foo < 2\n",
        "requirements.txt": f"bar==1 {HASH} # via -r requirements.in\nfoo==1 {HASH} # via -r requirements-base.in\n",
    }

    assert said(files) == []


def test_an_extra_of_the_project_itself_is_no_distribution() -> None:
    project = '[project]\nname = "My.Pkg"\noptional-dependencies = {test = ["bar"], all = ["my-pkg[test]"]}\n'

    assert said({"pyproject.toml": project, "requirements.txt": f"bar==1 {HASH}\n"}) == []


def uv_package(name: str, rest: str, host: str = "files.pythonhosted.org") -> str:
    wheel = f'{{ url = "https://{host}/{name}-1-py3-none-any.whl", hash = "sha256:{"a" * 64}" }}'
    source = 'source = { registry = "https://pypi.org/simple" }'
    return f'[[package]]\nname = "{name}"\nversion = "1"\n{source}\nwheels = [{wheel}]\n{rest}\n'


def uv_project(needs: str, asks: str = "", folder: str = ".", name: str = "mine") -> str:
    told = f"[package.metadata]\nrequires-dist = [{asks}]\n" if asks else ""
    package = f'[[package]]\nname = "{name}"\nsource = {{ editable = "{folder}" }}\n'
    return f"{package}dependencies = [{needs}]\n{told}"


def test_a_table_that_was_not_written_again_after_the_last_edit_is_seen() -> None:
    project = '[project]\nname = "mine"\ndynamic = ["version"]\ndependencies = ["foo", "deep"]\n'
    groups = '[dependency-groups]\ndev = ["pytest", {include-group = "more"}]\nmore = []\n'
    table = "version = 1\n" + uv_project('{ name = "foo" }, { name = "gone" }', '{ name = "foo" }, { name = "gone" }')
    packages = uv_package("foo", 'dependencies = [{ name = "deep" }]') + uv_package("gone", "") + uv_package("deep", "")

    stale = found(tree_of({"pyproject.toml": project + groups, "uv.lock": table + packages}))

    assert [(finding.subject, finding.line) for finding in stale] == [
        ("pytest: not locked", 0),
        ("gone: asked for no more", 2),
        ("deep: asked for since", 2),
    ]
    assert "the group 'dev' of pyproject.toml" in stale[0].message
    unsaid = project.replace('"version"', '"dependencies"').replace('dependencies = ["foo", "deep"]\n', "")
    assert said({"pyproject.toml": unsaid, "uv.lock": table + packages}) == []


def test_the_members_of_a_workspace_are_the_repositorys_own() -> None:
    lock = "version = 1\n" + uv_project('{ name = "sub" }') + uv_project('{ name = "foo" }', "", "packages/sub", "sub")
    files = {
        "pyproject.toml": '[project]\nname = "mine"\ndependencies = ["sub==3"]\n',
        "packages/sub/pyproject.toml": '[project]\nname = "sub"\ndependencies = ["foo"]\n',
        "packages/other/pyproject.toml": '[project]\nname = "other"\n',
        "uv.lock": lock + uv_project("", "", "packages/other", "other") + uv_package("foo", ""),
    }

    assert said(files) == []
    assert said({**files, "packages/sub/pyproject.toml": '[project]\nname = "sub"\ndependencies = ["foo>=2"]\n'}) == [
        "uv.lock: foo: not what is asked for"
    ]
    assert said({"uv.lock": "version = 1\n" + uv_project("", "", "../beside", "beside")}) == [
        "uv.lock: beside: no hash",
        "uv.lock: beside: place",
    ]


def test_a_pylock_that_says_what_needs_what_holds_no_orphan() -> None:
    def pylock(needs: str) -> str:
        file = f'-1-py3-none-any.whl", hashes = {{ sha256 = "{"a" * 64}" }} }}]'
        packages = (
            f'[[packages]]\nname = "{name}"\nversion = "1"\n{more}wheels = [{{ name = "{name}{file}\n'
            for name, more in (("foo", needs), ("deep", ""), ("lost", ""))
        )
        return 'lock-version = "1.0"\n' + "".join(packages)

    project = '[project]\nname = "mine"\ndependencies = ["foo"]\n'

    assert said({"pyproject.toml": project, "pylock.toml": pylock('dependencies = [{ name = "deep" }]\n')}) == [
        "pylock.toml: lost: orphan"
    ]
    assert said({"pyproject.toml": project, "pylock.toml": pylock("")}) == []  # it does not say


def test_files_of_another_distribution_version_or_host_are_not_those_of_a_pin() -> None:
    foo, need = uv_package("foo", ""), '{ name = "foo" }'

    def lock(package: str) -> dict[str, str]:
        return {"uv.lock": f"version = 1\n{uv_project(need)}{package}"}

    assert said(lock(foo)) == []
    for odd in (
        foo.replace("/foo-1", "/evil-1"),
        foo.replace("foo-1-", "foo-9-"),
        uv_package("foo", "", "evil.example"),
    ):
        assert said(lock(odd)) == ["uv.lock: foo: another's file"]
    fine = foo.replace("foo-1-", "Foo-1.0.0-").replace("https://pypi.org", "https://index.example.org")
    assert said(lock(fine.replace("files.pythonhosted.org", "files.example.org"))) == []


@pytest.mark.parametrize(
    "dependencies", ["dependencies = 3", "optional-dependencies = 3", "optional-dependencies.x = 3"]
)
def test_a_project_whose_requirements_are_no_list_is_told_so(dependencies: str) -> None:
    (finding,) = found(tree_of({"pyproject.toml": f'[project]\nname = "a"\n{dependencies}\n'}))

    assert "is no requirement" in finding.message


def test_a_text_about_what_is_required_is_no_requirements_file() -> None:
    prose = "Requirements\n\nThe system must do this.\nAnd that, too.\n"

    assert said({"docs/requirements.txt": prose, "system-requirements-spec.txt": "It shall do.\n"}) == []
    assert said({"requirements.txt": "one\ntwo\nnot a requirement\n"}) == [
        "requirements.txt: no lock",
        "requirements.txt: not a requirement: unreadable",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_requirements_file_is_decoded_by_its_mark(encoding: str) -> None:
    assert said({"requirements.txt": f"foo==1 {HASH}\n".encode(encoding)}) == []
    assert said({"requirements.txt": f"foo==1 {HASH}\nbar==1\n".encode(encoding)}) == ["requirements.txt: bar: no hash"]


def test_commands_that_install_beside_the_lock_are_named_with_their_lines() -> None:
    findings = [finding for finding in found(case("unlocked-install")) if finding.path.endswith("ci.yml")]

    assert [(finding.line, finding.subject) for finding in findings] == [
        (5, "install: pip"),
        (6, "install: requirements.txt"),
        (8, "install: .[dev]"),
    ]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pip install 'foo>=1' \"bar<2\"", ("foo>=1", "bar<2")),
        (
            "pip install -c pins.txt 'foo[bar]>=1,<2; python_version < \"3.9\"'",
            ('foo[bar]>=1,<2; python_version < "3.9"',),
        ),
        ("pip --no-cache-dir --timeout 9 install foo", ("foo",)),
        ('RUN ["pip", "install", "foo>=1"]', ("foo>=1",)),
        ("command: ['pip', '-q', 'install', 'foo']", ("foo",)),
        ('ENTRYPOINT ["sh", "-c", "pip install foo && run bar"]', ("foo",)),
        ("bash -c \"set -e; pip install 'foo>=1'\" baz", ("foo>=1",)),
        ('  - run: "pip install \\"foo>=1\\""', ("foo>=1",)),
        ('"$VENV/bin/pip" install "foo"', ("foo",)),
        ("(cd x#y && pip install foo) 2>&1 | tee log", ("foo",)),
        ("echo first; pip install foo", ("foo",)),
        ('echo "$(pip install foo)"', ("foo",)),
        ("pip install $(FLAGS) ${{ inputs.more }} foo>out.txt # bar", ("foo",)),
    ],
)
def test_what_a_command_installs_is_read_as_a_shell_reads_it(line: str, names: tuple[str, ...]) -> None:
    assert [command.names for command in commands("ci.sh", line.encode())] == [names]


@pytest.mark.parametrize(
    "line",
    [
        "pip install LOCKED > /dev/null",
        "pip install LOCKED >>pip.log 2>&1",
        "pip install LOCKED &> pip.log",
        "pip install --require-hashes --only-binary=:all: -qr requirements.txt",
        "pip install --log pip.log --upgrade-strategy eager LOCKED",
        "pip install --require-hashes --only-binary :all: -r requirements.txt",
        "uv pip sync --require-hashes --only-binary=:all: requirements.txt",
        "uv pip sync --require-hashes --no-build requirements.txt",
        'echo "To repair: pip install foo"',
        "test -d x || { printf 'first\\n' && echo 'pip install foo; again' ; }",
        "\t@echo pip install foo",
        "- name: pip install foo",
        "$(error pip install foo)",
        "pip install <package>",
    ],
)
def test_an_install_from_the_lock_and_a_message_about_one_are_left_alone(line: str) -> None:
    locked = "--require-hashes --only-binary=:all: -r requirements.txt"

    assert found(tree_of({"ci.sh": line.replace("LOCKED", locked)})) == []


def test_sync_takes_files_and_wants_their_hashes() -> None:
    findings = found(tree_of({"ci.sh": "uv --quiet pip sync requirements.txt\n"}))

    assert [finding.subject for finding in findings] == ["install: requirements.txt"]


@given(st.text("pip install'\"`$({})\\\n;&|<>#[,]=fo-"))
def test_whatever_a_script_holds_its_commands_are_read_without_a_fault(text: str) -> None:
    assert all(command.line for command in commands("ci.sh", f"pip install {text}".encode()))


def test_what_nobody_locks_is_one_finding_a_file() -> None:
    files: dict[str, str] = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = [\n  "one",\n  "two >= 2",\n]\n',
        "docs/requirements.txt": "sphinx\n",
        "requirements/dev.in": "pytest\n",
        "requirements-all.txt": f"# none\nfine==1 {HASH}\n",
    }

    findings = found(tree_of(files))

    assert [(finding.path, finding.line, finding.subject) for finding in findings] == [
        ("docs/requirements.txt", 1, "no lock"),
        ("pyproject.toml", 4, "no lock"),
        ("requirements/dev.in", 1, "no lock"),
    ]


def test_a_requirement_for_some_pythons_is_wanted_where_the_policy_says_that_they_install_the_lock() -> None:
    checkout = tree_of(
        {
            "requirements.in": 'tomli ; python_version < "3.11"\n',
            "requirements.txt": f"other==1 {HASH}\n    # via -r other.in\n",
        }
    )
    old = RequirementSettings((LockOf("requirements.txt", ("requirements.in",), ("3.10", "3.11")),))
    new = RequirementSettings((LockOf("requirements.txt", ("requirements.in",), ("3.11",)),))

    assert [finding.subject for finding in found(checkout, old)] == ["tomli: not locked"]
    assert found(checkout, new) == []
    assert found(checkout) == []  # unsaid: it may be for 3.11 alone


def test_what_only_an_extra_asks_for_is_named_with_the_extra_that_may_be_left_out() -> None:
    project = '[project]\nname = "a"\ndependencies = ["b"]\noptional-dependencies = {more = ["b", "c"]}\n'
    checkout = tree_of({"pyproject.toml": project, "requirements.txt": f"d==1.0 {HASH}\n"})

    said = {finding.subject: finding.message for finding in found(checkout)}

    assert said["b: not locked"] == "b, which pyproject.toml asks for, is not locked; compile it again"
    assert said["c: not locked"] == (
        "c, which the extra 'more' of pyproject.toml asks for, is not locked; compile it again, or leave the extra out "
        "(unlocked_extras)"
    )
    assert "c: not locked" not in {each.subject for each in found(checkout, RequirementSettings((), ("more",)))}


def test_metadata_at_hand_tells_what_a_locked_version_needs(tmp_path: Path) -> None:
    for version, needs in (("1.0", "deep >= 2"), ("9.9", "unheard-of")):
        folder = tmp_path / version / f"useful-{version}.dist-info"
        folder.mkdir(parents=True)
        metadata = (
            f"Metadata-Version: 2.1\nName: useful\nVersion: {version}\nRequires-Dist: {needs}\n"
            'Requires-Dist: rest ; extra == "more"\nRequires-Dist: fast ; extra == "quick"\n'
        )
        (folder / "METADATA").write_text(metadata, "utf-8")
    checkout = tree_of(
        {
            "requirements.in": "useful[quick]\n",
            "requirements.txt": f"useful[quick]==1.0 {HASH} # via -r requirements.in\ndeep==1.0 {HASH} # via useful\n",
        }
    )

    same = found(checkout, installed=InstalledDistributions.of([str(tmp_path / "1.0"), str(tmp_path / "none")]))
    other = found(checkout, installed=InstalledDistributions.of([str(tmp_path / "9.9")]))

    assert [finding.subject for finding in same] == ["deep: not what useful needs", "fast: not locked"]
    assert other == []  # another version than the locked one says nothing of it


def test_what_a_project_asks_for_in_no_list_is_told() -> None:
    project = '[project]\nname = "a"\ndependencies = 3\noptional-dependencies = {more = "b", fine = ["c"]}\n'

    said = {finding.message for finding in found(tree_of({"pyproject.toml": project}))}

    assert said >= {
        "is no requirement: [project] dependencies must be a list like ['click >= 8']",
        "is no requirement: [project] optional-dependencies more must be a list like ['click >= 8']",
    }
    for odd in ('"b"', "[3]", "{ a = 1 }"):
        text = f'[project]\nname = "a"\noptional-dependencies = {odd}\ndependencies = {odd}\n'
        assert found(tree_of({"pyproject.toml": text}))


def test_a_lock_that_the_policy_names_and_that_is_not_there_cannot_be_judged() -> None:
    with pytest.raises(FactUnavailable, match=r"gone\.txt does not exist"):
        found(tree_of({"requirements.in": "a\n"}), RequirementSettings((LockOf("gone.txt", ("requirements.in",)),)))
    with pytest.raises(PolicyError, match=r"'3'; a Python is named like 3\.11"):
        RequirementSettings((LockOf("requirements.txt", (), ("3",)),))


def test_reasons_are_read_in_every_spelling_of_the_tools_that_write_them() -> None:
    text = (
        f"a==1 {HASH}  # via -r requirements.in, b\n"
        "b[x]==1 \\\n    --hash=sha256:00 \\\n    --hash=sha512:11\n"
        "    # via\n    #   c[y]\n    #   mine (pyproject.toml)\n"
        "# a comment of its own\nc==1 # because\n"
    )

    read = lines(text)

    assert [line.via for line in read] == [
        (Via("", "requirements.in"), Via("b", "")),
        (Via("c", ""), Via("", "pyproject.toml")),
        (),
    ]
    assert [len(line.hashes) for line in read] == [1, 2, 0]
    assert [line.line for line in read] == [1, 2, 9]


@given(st.text())
def test_whatever_a_requirements_file_holds_is_read_without_a_fault(text: str) -> None:
    for line in lines(text):
        assert line.asked is not None or line.place or line.unread or line.text.startswith("-")


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_version_satisfies_what_asks_for_no_more_than_it(version: int, least: int) -> None:
    asked = asked_for(f"a >= {least}")

    assert asked.is_satisfied_by(str(version)) == (version >= least)
    assert not asked.is_satisfied_by("no version")


def test_a_marker_holds_in_some_environments() -> None:
    asked = asked_for('a ; python_version < "3.10" and sys_platform == "linux"')

    assert asked.applies(environments(["3.9", "3.12"], "linux"))
    assert not asked.applies(environments(["3.9"], "win32"))
    assert Asked("a", (), "==1.*", "", "").pinned == ""
