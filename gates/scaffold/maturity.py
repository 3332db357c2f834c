"""What the name of a folder says about the code in it."""

from __future__ import annotations

import enum
import re
from typing import Optional


class Kind(str, enum.Enum):
    """The lanes that are proposed, in the order in which the policy has them: the most specific first."""

    TOOLS = "tools"
    CANDIDATE = "candidate"
    INTEGRATION = "integration"
    PRODUCTION = "production"

    @property
    def may_import(self) -> tuple[Kind, ...]:
        """What a lane of this kind may import, itself included: never what is less mature."""
        if self is Kind.TOOLS:
            return (Kind.TOOLS, Kind.CANDIDATE, Kind.INTEGRATION, Kind.PRODUCTION)
        ladder = (Kind.CANDIDATE, Kind.INTEGRATION, Kind.PRODUCTION)
        return ladder[ladder.index(self) :]


# Where modules are imported from: what lies directly below is at the top of the product.
SOURCE_FOLDERS = frozenset({"src", "lib", "python"})

# At any depth: a package brings its tests along.
_TESTS = frozenset({"tests", "benchmarks"})

# Only the tests' own names tell whether `test` is a suite, or a product's module for its users' tests.
_PERHAPS_TESTS = frozenset({"test", "testing"})

# Beside the product; within it they are names like any other (`homeassistant.scripts`).
_TOOLS = frozenset(
    "bench benchmark ci demo demos dev devtools doc docs documentation e2e example examples hack notebook notebooks "
    "packaging release sample samples script scripts tool tooling tools tutorial tutorials".split()
)

# Clear enough to count within the product's own package too.
_CANDIDATE = frozenset(
    "candidate candidates experimental experiments incubating incubator lab labs playground prototype prototypes "
    "sandbox sandboxes".split()
)

# Words with other meanings: an integration of two services, a canary that is a bird. They count at the top, or in a
# folder whose other folders are named so too.
_AMBIGUOUS = {
    **dict.fromkeys("archive archived attic poc quarantine research".split(), Kind.CANDIDATE),
    **dict.fromkeys("beta canary integration staging".split(), Kind.INTEGRATION),
    **dict.fromkeys("prod production stable".split(), Kind.PRODUCTION),
}
_FORMER = {
    **dict.fromkeys(_CANDIDATE, Kind.CANDIDATE),
    **dict.fromkeys(("integration", "staging"), Kind.INTEGRATION),
    "production": Kind.PRODUCTION,
}
_PRODUCT = frozenset({"core", *SOURCE_FOLDERS})

_TEST_MODULE = re.compile(r"(?:test_.*|.*_test|conftest)\.py")
_TOOL_MODULE = re.compile(
    r"(?:setup|noxfile|tasks|fabfile|dodo|duties|build|versioneer|runtests|run_tests|conftest|test_.*|.*_test)\.py"
)


def word_of(folder: str) -> str:
    """The folder's name as the word it is: `Proto-Types` and `proto_types` are one."""
    return folder.lower().replace("-", "_")


def is_tests(word: str) -> bool:
    """Whether a folder of this name holds tests wherever it lies."""
    return word in _TESTS


def may_be_tests(word: str) -> bool:
    """Whether a folder of this name holds tests if its modules are named like tests."""
    return word in _PERHAPS_TESTS


def is_tools(word: str) -> bool:
    """Whether a folder of this name, beside the product, helps to make it."""
    return word in _TOOLS or word.startswith(".")


def is_candidate(word: str) -> bool:
    """Whether the name alone says that the code is not done."""
    return word in _CANDIDATE


def maturity_at_top(word: str) -> Optional[Kind]:
    """What the name says of a folder at the top of the repository, or of a source folder."""
    if word in _PRODUCT:
        return Kind.PRODUCTION
    return maturity(word)


def maturity(word: str) -> Optional[Kind]:
    """The kind that the word names where folders are sorted by maturity; None where it names none."""
    return Kind.CANDIDATE if word in _CANDIDATE else _AMBIGUOUS.get(word)


def maturity_formerly(word: str) -> Optional[Kind]:
    """The kind that an imported name names when nothing in the tree has that name any more."""
    return _FORMER.get(word)


def is_test_module(name: str) -> bool:
    """Whether a file, by its name, is a test wherever it lies."""
    return bool(_TEST_MODULE.fullmatch(name))


def is_tool_module(name: str) -> bool:
    """Whether a file at the top of the repository, by its name, helps to build or test the product."""
    return bool(_TOOL_MODULE.fullmatch(name))
