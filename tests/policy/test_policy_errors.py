"""Whatever stands in a policy, or in its place, ends as a policy or as one line that a person can act on."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gates import catalogue
from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.lanes import LanesPolicy
from gates.policy import FILES, Policy, folder_of
from gates.policy_file import escaped, parse_toml, read_toml, shown

GATES = '[gates.dynamic-import]\nlevel = "warn"\nallowed_in = ["runtime/**"]\n'
LANES = '[[lane]]\nname = "all"\npaths = ["**"]\nformerly = ["labs"]\nmay_import = ["all"]\n'
WAIVERS = (
    '[[waiver]]\ngate = "dynamic-import"\npath = "runtime/**"\nreason = "r"\nowner = "o"\nticket = "t"\n'
    "expires = 2027-01-31\n"
)
VOCABULARY = '[[term]]\nname = "Zephyr"\nreplacement = "Breeze"\nreason = "r"\n'
OBJECTIVES = 'service = "shop"\n'
BUDGETS = '[[budget]]\nname = "query"\nbenchmark = "tests/test_query.py::test_it"\np95 = 0.25\n'
PROMOTION = 'lanes = ["production"]\n\n[[module]]\nname = "core"\npaths = ["runtime/**"]\nlane = "production"\n'
QUARANTINE = (
    '[[test]]\nname = "runtime/test_a.py::test_b"\nreason = "r"\nowner = "o"\nticket = "t"\nexpires = 2027-01-31\n'
)
VALID = {
    "budgets.toml": BUDGETS,
    "gates.toml": GATES,
    "lanes.toml": LANES,
    "objectives.toml": OBJECTIVES,
    "promotion.toml": PROMOTION,
    "quarantine.toml": QUARANTINE,
    "vocabulary.toml": VOCABULARY,
    "waivers.toml": WAIVERS,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a policy that makes sense."""
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "legacy.py").touch()
    (tmp_path / "policies").mkdir()
    for name, text in VALID.items():
        (tmp_path / "policies" / name).write_text(text, "utf-8")
    return tmp_path


def load(root: Path) -> Policy:
    return Policy.load(folder_of(root), root)


def judged(root: Path) -> Policy:
    """The policy, as far as a run looks at it."""
    policy = load(root)
    checkout = Checkout.open(root)
    for section in catalogue.active(policy):
        catalogue.build(section, checkout)
    catalogue.refuse_idle_globs(policy.settings(LanesPolicy), "policies/lanes.toml:", checkout)
    return policy


def refusal(root: Path) -> str:
    with pytest.raises(PolicyError) as refused:
        judged(root)
    return str(refused.value)


# What is not there, or is something else


def test_the_policy_that_the_others_are_made_from_makes_sense(root: Path) -> None:
    policy = judged(root)

    assert [section.gate for section in policy.sections] == ["dynamic-import"]
    assert set(policy.files) == set(FILES)
    assert policy.waivers[0].expires == dt.date(2027, 1, 31)


def test_no_folder_of_policies_names_the_command_that_proposes_one(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "there is no folder policies; `gates init` proposes policies for this repository"


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "policies").touch()

    assert refusal(tmp_path) == "policies is no folder; the policies are files in a folder"


def test_no_gates_toml_names_the_command_that_proposes_one(root: Path) -> None:
    (root / "policies" / "gates.toml").unlink()

    assert refusal(root) == "policies/gates.toml: does not exist; `gates init` proposes one"


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_place_of_a_file_is_named(root: Path, file: str) -> None:
    (root / "policies" / file).unlink()
    (root / "policies" / file).mkdir()

    assert refusal(root) == f"policies/{file}: is a folder; it must be a file"


@pytest.mark.parametrize("file", FILES)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(root: Path, file: str) -> None:
    (root / "policies" / file).unlink()
    os.mkfifo(root / "policies" / file)

    assert refusal(root) == f"policies/{file}: is no plain file; it must be a file"


@pytest.mark.parametrize("file", FILES)
def test_a_link_to_nothing_is_not_the_same_as_no_file(root: Path, file: str) -> None:
    (root / "policies" / file).unlink()
    (root / "policies" / file).symlink_to("nowhere.toml")

    assert refusal(root) == f"policies/{file}: is a link to a file that does not exist"


@pytest.mark.parametrize("file", FILES)
def test_a_link_to_itself_cannot_be_read(root: Path, file: str) -> None:
    (root / "policies" / file).unlink()
    (root / "policies" / file).symlink_to(file)

    assert refusal(root).startswith(f"policies/{file}: cannot be read (")


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_the_system_does_not_let_us_read_is_named_with_its_reason(root: Path, file: str) -> None:
    unreadable = Path("/proc/self/mem")  # a plain file whose first page nobody can read, not even root
    if not unreadable.is_file():
        pytest.skip("there is no /proc/self/mem here")
    (root / "policies" / file).unlink()
    (root / "policies" / file).symlink_to(unreadable)

    assert refusal(root) == f"policies/{file}: cannot be read (Input/output error)"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads whatever it likes")
def test_a_file_without_permission_is_named_with_its_reason(root: Path) -> None:
    (root / "policies" / "gates.toml").chmod(0)

    assert refusal(root) == "policies/gates.toml: cannot be read (Permission denied)"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads whatever it likes")
def test_a_folder_without_permission_is_named_with_its_reason(root: Path) -> None:
    (root / "policies").chmod(0)

    try:
        assert refusal(root) == "policies: the folder cannot be read (Permission denied)"
    finally:
        (root / "policies").chmod(0o755)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("waiver.toml", "; did you mean 'waivers.toml'?"),
        ("Waivers.TOML", "; did you mean 'waivers.toml'?"),
        ("lanes.yaml", "; did you mean 'lanes.toml'?"),
        ("gates", "; did you mean 'gates.toml'?"),
        (
            "exceptions.json",
            (
                "; the files are budgets.toml, gates.toml, lanes.toml, objectives.toml, promotion.toml, "
                "quarantine.toml, vocabulary.toml, waivers.toml"
            ),
        ),
    ],
)
def test_a_policy_under_a_name_that_nobody_reads_is_refused(root: Path, name: str, hint: str) -> None:
    (root / "policies" / name).touch()

    assert refusal(root) == f"policies/{name}: is no policy file{hint}"


def test_what_is_no_policy_by_its_name_may_lie_beside_them(root: Path) -> None:
    for name in ("README.md", ".gitkeep", "gates.toml.orig", "gates.toml~", "lanes.svg"):
        (root / "policies" / name).touch()
    (root / "policies" / "notes").mkdir()

    judged(root)


def test_a_policy_that_is_missing_promises_nothing(root: Path) -> None:
    (root / "policies" / "waivers.toml").unlink()
    (root / "policies" / "lanes.toml").unlink()

    assert judged(root).waivers == ()


# Another place


def place(root: Path, text: str) -> Path:
    (root / "pyproject.toml").write_text(text, "utf-8")
    return root


def test_pyproject_names_another_place(root: Path) -> None:
    (root / "policies").rename(root / "rules of ours")
    place(root, '[tool.gates]\npolicies = "rules of ours"\n')

    assert judged(root).folder == "rules of ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tool.gates]\npolicy = "x"\n', "[tool.gates] has no key 'policy'; did you mean 'policies'?"),
        ('[tool.gates]\nlevel = "x"\n', "[tool.gates] has no key 'level'; its one key is policies"),
        ("[tool.gates]\npolicies = 1\n", "[tool.gates] policies is 1; it must be the path of a folder"),
        ('[tool.gates]\npolicies = ""\n', "[tool.gates] policies is ''; it must be the path of a folder"),
        ('[tool.gates]\npolicies = ["x"]\n', "[tool.gates] policies is ['x']; it must be the path of a folder"),
        ('[tool]\ngates = "x"\n', "[tool] gates is 'x'; it must be a table, [tool.gates]"),
        ("[tool.gates\n", "is not TOML: Expected ']' at the end of a table declaration (at line 1, column 12)"),
    ],
)
def test_a_mistake_there_is_named_as_in_any_policy(root: Path, text: str, said: str) -> None:
    assert refusal(place(root, text)) == f"pyproject.toml: {said}"


@pytest.mark.parametrize("text", ["", "[tool]\n", "[tool.gates]\n", "[project]\nname = 'x'\n", "tool = 1\n"])
def test_a_pyproject_that_says_nothing_about_it_leaves_the_place_as_it_is(root: Path, text: str) -> None:
    assert judged(place(root, text)).folder == "policies"


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("polices", "there is no folder polices; `gates init` proposes policies for this repository"),
        ("../elsewhere", "elsewhere; `gates init` proposes policies for this repository"),
        ("runtime/legacy.py", "runtime/legacy.py is no folder; the policies are files in a folder"),
        ("runtime/legacy.py/policies", "runtime/legacy.py/policies is no folder; the policies are files in a folder"),
        ("a\\u0000b", "a\\x00b: the folder cannot be read (it has a name that no file system takes)"),
        ("x" * 300, "the folder cannot be read (File name too long)"),
    ],
)
def test_a_place_that_does_not_exist_is_named(root: Path, folder: str, said: str) -> None:
    text = refusal(place(root, f'[tool.gates]\npolicies = "{folder}"\n'))

    assert text.endswith(said)
    assert text.isprintable()


def test_a_place_that_is_a_link_to_itself_is_named(root: Path) -> None:
    (root / "loop").symlink_to("loop")

    text = refusal(place(root, '[tool.gates]\npolicies = "loop"\n'))

    assert "loop: the folder cannot be read (" in text


# Far too much of something


@pytest.mark.parametrize("opening", ["[", "{ a = "])
def test_nesting_without_end_is_refused_in_a_line(root: Path, opening: str) -> None:
    (root / "policies" / "gates.toml").write_text("a = " + opening * 100_000, "utf-8")

    assert refusal(root) == "policies/gates.toml: is nested too deeply for a policy"


@pytest.mark.parametrize(
    "text",
    [
        "[gates." + ".".join("a" * 3000) + "]\n",
        "[gates.dynamic-import]\nlevel." + ".".join("a" * 3000) + " = 1\n",
        "[gates.dynamic-import]\nallowed_in." + ".".join("a" * 3000) + " = 1\n",
        "[gates.dynamic-import]\n" + ".".join("a" * 3000) + " = 1\n",
        "[facts.modules]\nroots." + ".".join("a" * 3000) + " = 1\n",
    ],
)
def test_a_key_of_thousands_of_parts_is_refused_in_a_line(root: Path, text: str) -> None:
    (root / "policies" / "gates.toml").write_text(text, "utf-8")

    assert refusal(root).startswith("policies/gates.toml: ")


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "0x" + "F" * 5000, "0b" + "1" * 20_000, "1e999999"])
def test_a_number_without_end_is_refused_in_a_line(root: Path, number: str) -> None:
    (root / "policies" / "gates.toml").write_text(f"[gates.dynamic-import]\nlevel = {number}\n", "utf-8")

    text = refusal(root)

    assert text.startswith("policies/gates.toml: ")
    assert len(text) < 200


def test_a_long_key_is_cut() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_toml("[" + "a" * 100_000 + "\n", "x.toml")

    assert len(str(refused.value)) < 1000


# Random mistakes

keys = st.sampled_from(
    ["gates", "facts", "modules", "lane", "waiver", "level", "name", "paths", "allowed_in", "expires"]
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        texts, st.integers(), st.booleans(), st.floats(), st.dates(dt.date(1900, 1, 1)), st.sampled_from(["block"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(keys, texts), inner, max_size=3)),
    max_leaves=8,
)


def toml(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f") if value.isascii() else _basic(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value)


def _basic(text: str) -> str:
    return '"' + "".join(f"\\U{ord(letter):08X}" for letter in text) + '"'


def document(table: dict[str, Any]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items())


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value within a tree."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, inner in inside for way in places_in(inner, (*path, key)))]


def mutated(tree: Any, way: tuple[Any, ...], action: str, value: Any) -> Any:
    """The tree with one value replaced, renamed or taken out."""
    if not way:
        return value
    changed = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(way) > 1:
        changed[way[0]] = mutated(tree[way[0]], way[1:], action, value)
    elif action == "drop":
        del changed[way[0]]
    elif action == "rename" and isinstance(changed, dict):
        changed[str(value)[:20]] = changed.pop(way[0])
    else:
        changed[way[0]] = value
    return changed


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[str, str]:
    """The name of a policy file, and the text of it with one to three mistakes."""
    name = draw(st.sampled_from(FILES))
    tree: Any = parse_toml(VALID[name], name)
    for _ in range(draw(st.integers(1, 3))):
        ways = [way for way in places_in(tree) if way]
        if ways:
            action = draw(st.sampled_from(["replace", "rename", "drop"]))
            tree = mutated(tree, draw(st.sampled_from(ways)), action, draw(values))
    return name, document(tree)


def lay(folder: Path, name: str, content: bytes) -> None:
    for file, text in VALID.items():
        (folder / "policies" / file).write_bytes(content if file == name else text.encode())


def judge_or_refuse(root: Path) -> None:
    """A policy, or a PolicyError of one line that begins with a place; anything else is a failure of the test."""
    try:
        judged(root)
    except PolicyError as refused:
        text = str(refused)
        assert text.startswith("policies/"), text
        assert text.isprintable(), text
        assert len(text) < 2000, text


many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(mistake=mistakes())
def test_any_change_to_the_tree_gives_a_policy_or_one_line(root: Path, mistake: tuple[str, str]) -> None:
    name, text = mistake
    lay(root, name, text.encode())

    judge_or_refuse(root)


@st.composite
def scribbles(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of a policy file, and its bytes with some of them changed."""
    name = draw(st.sampled_from(FILES))
    content = VALID[name].encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 9)))
        content = content[:start] + draw(st.one_of(st.binary(max_size=4), st.sampled_from(PIECES))) + content[end:]
    return name, content


PIECES = [b"\n", b"\0", b'"', b"[[", b"]", b"=", b"\xef\xbb\xbf", b"\r", b"[gates]\n", b"\x1b", b"#", b"\\u0007"]


@many
@given(scribble=scribbles())
@example(scribble=("gates.toml", b'"\\u001b[2J\\n" = 1\n'))
@example(scribble=("gates.toml", b'[gates."\\n"]\n'))
@example(scribble=("gates.toml", b'[facts."\\n"]\n'))
@example(scribble=("lanes.toml", b'"\\n" = 1\n'))
@example(scribble=("lanes.toml", b'[[lane]]\n"\\n" = 1\n'))
@example(scribble=("lanes.toml", b'[[lane]]\nname = "\\n"\npaths = ["\\n"]\nmay_import = []\n'))
@example(scribble=("waivers.toml", b'"\\n" = 1\n'))
@example(scribble=("waivers.toml", b'[[waiver]]\n"\\n" = 1\n'))
@example(scribble=("waivers.toml", WAIVERS.replace("dynamic-import", "\\n").encode()))
def test_any_change_to_the_bytes_gives_a_policy_or_one_line(root: Path, scribble: tuple[str, bytes]) -> None:
    lay(root, *scribble)

    judge_or_refuse(root)


@given(st.text())
def test_what_an_error_shows_is_one_line_and_does_nothing_to_a_terminal(text: str) -> None:
    assert escaped(text).isprintable()
    assert shown([text]).isprintable()
    assert len(shown(text)) <= 60
    if text.isprintable() and len(text) < 100:
        assert escaped(text) == text


def test_the_digest_of_a_policy_changes_with_every_file_and_with_the_baseline(root: Path) -> None:
    digests = [load(root).digest]
    for name in FILES:
        with (root / "policies" / name).open("a", encoding="utf-8") as file:
            file.write("# a word more\n")
        digests.append(load(root).digest)
    (root / ".ci").mkdir()
    (root / ".ci" / "baseline.json").write_text('{"schema": 1, "debt": {}}', "utf-8")
    digests.append(load(root).digest)

    assert len(set(digests)) == len(digests) == len(FILES) + 2


def test_a_missing_file_is_read_as_an_empty_one(tmp_path: Path) -> None:
    assert read_toml(tmp_path / "missing.toml", "missing.toml") == {}
