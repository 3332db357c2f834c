"""What is new in a change: no false alarm for what was renamed, moved, deleted or formatted anew."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gates.errors import FactUnavailable
from gates.facts.changed_code import ChangedCode
from gates.facts.checkout import Checkout
from gates.facts.diff import Diff, DiffSettings, compared
from tests.change.asking import gatherer
from tests.change.test_statements import functions
from tests.checkout.repository import Repository

RECALL = """\
def recall(cue, kept):
    if cue in kept:
        return kept[cue]
    return None
"""


def new(checkout: Checkout, **settings: object) -> dict[str, list[int]]:
    """Path to the first lines of the statements that are new."""
    changed = gatherer(checkout, **settings).get(ChangedCode)
    return {module.path: [each.first for each in module.statements] for module in changed.modules if module.statements}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(memory=RECALL, other="import os\n")
    return made


def test_an_edited_statement_is_new_and_its_neighbours_are_not(repository: Repository) -> None:
    repository.write("memory.py", RECALL.replace("return None", "return cue"))

    assert new(Checkout.open(repository.root, base="HEAD")) == {"memory.py": [4]}


def test_a_continuation_line_that_changes_makes_its_statement_new(repository: Repository) -> None:
    repository.commit(memory="x = [\n    1,\n    2,\n]\n")
    repository.write("memory.py", "x = [\n    1,\n    3,\n]\n")

    assert new(Checkout.open(repository.root, base="HEAD")) == {"memory.py": [1]}


def test_a_continuation_line_that_goes_or_comes_makes_its_statement_new(repository: Repository) -> None:
    repository.commit(memory="x = [\n    1,\n    2,\n]\n")

    repository.write("memory.py", "x = [\n    1,\n]\n")
    assert new(Checkout.open(repository.root, base="HEAD")) == {"memory.py": [1]}
    repository.write("memory.py", "x = [\n    1,\n    2,\n    3,\n]\n")
    assert new(Checkout.open(repository.root, base="HEAD")) == {"memory.py": [1]}


def test_a_comment_within_a_statement_changes_nothing(repository: Repository) -> None:
    repository.commit(memory="x = [\n    1,  # one\n    2,\n]\n")

    repository.write("memory.py", "x = [\n    1,  # the first\n    # and then\n    2,\n]\n")

    assert new(Checkout.open(repository.root, base="HEAD")) == {}


def test_one_more_of_the_same_in_the_same_function_is_new(repository: Repository) -> None:
    repository.write(
        "memory.py", RECALL.replace("    return None", "    if not kept:\n        return None\n    return None")
    )

    assert new(Checkout.open(repository.root, base="HEAD")) == {"memory.py": [4, 5]}


def test_an_untracked_module_is_new_as_a_whole(repository: Repository) -> None:
    repository.write("added.py", "import os\n\nprint(os)\n")

    assert new(Checkout.open(repository.root, base="HEAD")) == {"added.py": [1, 3]}


def test_without_a_base_it_is_the_last_commit_with_what_was_edited_since(repository: Repository) -> None:
    repository.commit(added="import os\n")
    repository.write("other.py", "import os\nimport sys\n")

    assert new(repository.open()) == {"added.py": [1], "other.py": [2]}


def test_the_first_commit_brings_everything(repository: Repository) -> None:
    assert new(repository.open()) == {"memory.py": [1, 2, 3, 4], "other.py": [1]}


def test_what_the_branch_brought_is_compared_with_where_it_parted(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "work")
    repository.commit(mine="import os\n")
    repository.git("checkout", "-q", "main")
    repository.commit(theirs="import os\n")
    repository.git("checkout", "-q", "work")

    assert new(repository.open(), DiffSettings=DiffSettings("main")) == {"mine.py": [1]}


def test_a_branch_that_does_not_exist_is_said_with_the_remedy(repository: Repository) -> None:
    with pytest.raises(FactUnavailable, match=r"there is no 'origin/main' to compare with; fetch it"):
        gatherer(repository.open(), DiffSettings=DiffSettings("origin/main")).get(Diff)


def test_a_shallow_clone_without_a_base_cannot_tell(repository: Repository, tmp_path: Path) -> None:
    repository.commit(added="import os\n")
    Repository(tmp_path / "outer").git("clone", "-q", "--depth=1", f"file://{repository.root}", str(tmp_path / "clone"))

    with pytest.raises(FactUnavailable, match=r"shallow.*git fetch --unshallow"):
        gatherer(Checkout.open(tmp_path / "clone")).get(Diff)


def test_an_overlay_is_compared_like_an_edit(repository: Repository) -> None:
    checkout = Checkout.open(repository.root, base="HEAD")

    laid = checkout.overlaid(
        {"memory.py": RECALL.replace("None", "0").encode(), "new.py": b"x = 1\n", "other.py": None}
    )

    assert new(laid) == {"memory.py": [4], "new.py": [1]}


def test_a_script_without_a_suffix_is_compared_too(repository: Repository) -> None:
    script = repository.write("run", "#!/usr/bin/env python3\nx = 1\n")
    script.chmod(0o755)
    repository.commit()
    repository.write("run", "#!/usr/bin/env python3\nx = 2\n")

    assert new(Checkout.open(repository.root, base="HEAD")) == {"run": [2]}


def test_strange_names_and_odd_configurations_of_git_change_nothing(repository: Repository) -> None:
    for name, value in {
        "diff.noprefix": "true",
        "diff.external": "false",
        "color.ui": "always",
        "core.quotePath": "true",
    }.items():
        repository.git("config", name, value)
    repository.commit(**{"sp ace": "x = 1\n", "ünï": "x = 1\n", 'quo"te': "x = 1\n"})
    for name in ("sp ace", "ünï", 'quo"te'):
        repository.write(f"{name}.py", "x = 2\n")

    assert new(Checkout.open(repository.root, base="HEAD")) == {'quo"te.py': [1], "sp ace.py": [1], "ünï.py": [1]}


def test_a_module_that_does_not_parse_says_so(repository: Repository) -> None:
    repository.write("memory.py", "def (\n")

    (module,) = gatherer(Checkout.open(repository.root, base="HEAD")).get(ChangedCode).modules
    assert module.fault.startswith("line 1")


# Pragmas

RISKY = """\
def risky(a):
    if a:{pragma}
        return 1
    return 2
"""
REASON = "  # pragma: no cover - only on Windows, until 2030-01-31"
BARE = "  # pragma: no cover"


def marked(repository: Repository) -> dict[str, list[int]]:
    """Path to the lines of the pragmas that are new."""
    changed = gatherer(Checkout.open(repository.root, base="HEAD")).get(ChangedCode)
    return {module.path: [each.line for each in module.pragmas] for module in changed.modules if module.pragmas}


def risky(pragma: str = "", on_def: str = "") -> str:
    return RISKY.format(pragma=pragma).replace("(a):", f"(a):{on_def}")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (risky(REASON), risky(BARE), 2),
        (risky(REASON), risky(REASON.replace("2030", "2031")), 2),
        (risky(BARE), risky("", BARE), 1),
        (risky(BARE), risky(BARE).replace("if a", "if a and b"), 2),
        (risky("  # pragma: no branch"), risky(BARE), 2),
        (risky(BARE), risky().replace("return 2", "return 2" + BARE), 4),
    ],
)
def test_a_pragma_that_says_less_or_hides_more_is_new(
    repository: Repository, before: str, after: str, line: int
) -> None:
    repository.commit(memory=before)
    repository.write("memory.py", after)

    assert marked(repository) == {"memory.py": [line]}


@pytest.mark.parametrize("pragma", [REASON, BARE])
def test_a_pragma_that_goes_from_one_file_to_another_without_its_statement_is_new(
    repository: Repository, pragma: str
) -> None:
    repository.commit(memory=risky(pragma), other=risky())
    repository.write("memory.py", risky())
    repository.write("other.py", risky(BARE))

    assert marked(repository) == {"other.py": [2]}


def test_a_pragma_does_not_come_to_a_statement_that_stood_there_from_one_that_went(repository: Repository) -> None:
    repository.commit(memory=risky(BARE), other=risky())
    repository.write("memory.py", "import os\n")
    repository.write("other.py", risky(BARE))

    assert marked(repository) == {"other.py": [2]}


IN_A_CLASS = "class Kept:\n    def risky(self, a):\n        if a:  # pragma: no cover\n            return 1\n"


@pytest.mark.parametrize(
    "after",
    [
        {"other": "import os\n\n\n" + risky(BARE)},
        {"moved": risky(BARE)},
        {"memory": "x = 1\n\n\n" + risky(BARE)},
        {"memory": "x = 1\n\n\n" + risky(BARE).replace("if a:", "if (\n        a):")},
        {"memory": IN_A_CLASS},
    ],
)
def test_a_pragma_that_moves_with_its_statement_is_not_new(repository: Repository, after: dict[str, str]) -> None:
    repository.commit(memory=risky(BARE))
    (repository.root / "memory.py").unlink()
    for name, text in after.items():
        repository.write(f"{name}.py", text)

    assert marked(repository) == {}


def test_a_pragma_on_an_else_stands_at_what_follows(repository: Repository) -> None:
    text = "def risky(a):\n    if a:\n        return 1\n    else:{}\n        return 2\n"
    repository.commit(memory=text.format(BARE))
    repository.write("memory.py", "import os\n" + text.format(BARE))
    assert marked(repository) == {}

    repository.write("memory.py", text.format(BARE).replace("return 2", "return 3").replace("else: ", "else:  "))

    assert marked(repository) == {"memory.py": [4]}


# Changes after which nothing is new


def renamed(sources: dict[str, str]) -> dict[str, str]:
    return {f"renamed_{path}": text for path, text in sources.items()}


def moved(sources: dict[str, str]) -> dict[str, str]:
    """The first function of each module goes to the end of the next one."""
    parts = {path: text.split("\n\n\n") for path, text in sources.items()}
    firsts = [several.pop(0) for several in parts.values()]
    for first, several in zip(firsts[1:] + firsts[:1], parts.values()):
        several.append(first.strip("\n") + "\n")
    return {path: "\n\n\n".join(several) for path, several in parts.items()}


def formatted(sources: dict[str, str]) -> dict[str, str]:
    return {path: ast.unparse(ast.parse(text)) + "\n" for path, text in sources.items()}


def wrapped(sources: dict[str, str]) -> dict[str, str]:
    return {path: text.replace("(", "(\n  ").replace(", ", ",\n  ") for path, text in sources.items()}


def commented(sources: dict[str, str]) -> dict[str, str]:
    return {path: "# why\n" + text.replace("\n", "  # so\n") for path, text in sources.items()}


def shortened(sources: dict[str, str]) -> dict[str, str]:
    """Half of the functions are gone, and the first module with them."""
    kept = {path: "\n\n\n".join(text.split("\n\n\n")[::2]).rstrip("\n") + "\n" for path, text in sources.items()}
    return {path: text for path, text in kept.items() if path != min(kept) or len(kept) == 1}


def reversed_(sources: dict[str, str]) -> dict[str, str]:
    return {
        path: "\n\n\n".join(part.strip("\n") for part in text.split("\n\n\n")[::-1]) + "\n"
        for path, text in sources.items()
    }


CHANGES: list[Callable[[dict[str, str]], dict[str, str]]] = [
    *(renamed, moved, formatted, wrapped, commented, shortened, reversed_)
]
modules = st.lists(functions, min_size=2, max_size=4).map(lambda parts: "\n\n\n".join(parts) + "\n")
# Each example is a commit: to find the smallest that fails would take minutes.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        yield Repository(Path(folder))


@settings(max_examples=25, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=st.lists(modules, min_size=2, max_size=3),
    changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3),
)
def test_what_was_renamed_moved_deleted_or_formatted_is_not_new(
    scratch: Repository, drawn: list[str], changes: list[Callable[[dict[str, str]], dict[str, str]]]
) -> None:
    sources = {f"module_{number}.py": text for number, text in enumerate(drawn)}
    lay(scratch, sources)
    scratch.commit()
    for change in changes:
        sources = change(sources)
    lay(scratch, sources)

    assert new(Checkout.open(scratch.root, base="HEAD")) == {}


@settings(max_examples=15, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=st.lists(modules, min_size=2, max_size=3),
    changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3),
)
def test_what_was_added_to_all_that_is_new(
    scratch: Repository, drawn: list[str], changes: list[Callable[[dict[str, str]], dict[str, str]]]
) -> None:
    sources = {f"module_{number}.py": text for number, text in enumerate(drawn)}
    lay(scratch, sources)
    scratch.commit()
    for change in changes:
        sources = change(sources)
    path = max(sources)
    at = sources[path].count("\n") + 1
    sources[path] += "def of_its_own():\n    return [\n        'said nowhere'\n    ]\n"
    lay(scratch, sources)

    assert new(Checkout.open(scratch.root, base="HEAD")) == {path: [at, at + 1]}


def lay(repository: Repository, sources: dict[str, str]) -> None:
    for file in repository.root.glob("*.py"):
        file.unlink()
    for path, text in sources.items():
        repository.write(path, text)


@given(before=st.lists(st.sampled_from("abc"), max_size=8), now=st.lists(st.sampled_from("abc"), max_size=8))
def test_lines_compared_without_git_lead_from_one_text_to_the_other(before: list[str], now: list[str]) -> None:
    added, removed, _ = compared("\n".join(before).encode(), "\n".join(now).encode())

    kept_before = [line for number, line in enumerate(before or [""], 1) if number not in removed]
    kept_now = [line for number, line in enumerate(now or [""], 1) if number not in added]
    assert kept_before == kept_now
