"""What the policy and the rest of the repository say about asking the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gates.errors import GatesError
from tests.checkout.repository import Repository
from tests.fixes.registered import FILES, Outcome, mended, outcome, repository

LOAD = 'import importlib\n\nMADE = importlib.import_module("candidate.memory").Recall()\n'
ASKED = 'from lukhas.registry import resolve\n\nMADE = resolve("node:recall")\n'
POLICY = FILES["policies/gates.toml"]


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return repository(tmp_path / "shop", service=LOAD)


def left(shop: Repository, path: str = "service.py") -> str:
    """Why the one load of a file stays."""
    result = outcome(shop.open(), path)
    (line,) = result.left
    assert result.after is None
    return line.partition("`: ")[2]


def after(shop: Repository, path: str = "service.py") -> str:
    """What comes out, where nothing is left."""
    result = outcome(shop.open(), path)
    assert result.left == ()
    assert result.after is not None
    return result.after.decode()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "resolve is not set; say what is asked for a plugin"),
        ('resolve = "lukhas.registry"', "resolve is 'lukhas.registry'; it must be module:function"),
        ('resolve = "lukhas.registry:a.b"', "it must be module:function"),
        ('resolve = ":resolve"', "it must be module:function"),
        ('resolve = "lukhas.registri:resolve"', "and this repository has no module lukhas.registri"),
    ],
)
def test_a_policy_that_does_not_say_what_to_ask_is_refused(shop: Repository, line: str, complaint: str) -> None:
    shop.write("policies/gates.toml", f"[gates.dynamic-import]\n{line}\n")

    with pytest.raises(GatesError, match=complaint):
        mended(shop.open())


def test_it_is_not_asked_for_where_there_is_nothing_to_mend(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", service="A = 1\n")
    shop.write("policies/gates.toml", '[gates.dynamic-import]\nallowed_in = ["lukhas/loading.py"]\n')

    assert mended(shop.open()).edits == ()


def test_the_registry_may_be_another_distribution_s(shop: Repository) -> None:
    shop.write("policies/gates.toml", POLICY.replace("lukhas.registry:resolve", "plugins.kit:ask_for"))

    assert after(shop) == 'from plugins.kit import ask_for\n\nMADE = ask_for("node:recall")\n'


def test_groups_are_what_the_policy_says_and_nothing_else(shop: Repository) -> None:
    shop.write("policies/gates.toml", POLICY + 'groups = {"lukhas.cognitive_nodes" = "thing"}\n')
    assert after(shop) == ASKED.replace("node:", "thing:")

    shop.write("policies/gates.toml", POLICY + 'groups = {"lukhas.adapters" = "adapter"}\n')
    assert left(shop) == "it loads no plugin of the groups that the policy names"


def test_a_registry_that_gives_classes_is_asked_wherever_the_class_is_used(shop: Repository) -> None:
    shop.write("policies/gates.toml", POLICY + 'gives = "class"\n')
    shop.write(
        "service.py",
        "from importlib import import_module\n\n\n"
        "def build(cue):\n"
        '    module = import_module("candidate.memory")\n'
        '    Weigh = import_module("candidate.thought").Weigh\n'
        "    class Better(module.Recall): ...\n"
        "    return Better, Weigh(cue), module.Recall(cue), module.Recall.create\n",
    )

    assert after(shop) == (
        "from lukhas.registry import resolve\n\n\n"
        "def build(cue):\n"
        '    Weigh = resolve("node:weigh")\n'
        '    class Better(resolve("node:recall")): ...\n'
        '    return Better, Weigh(cue), resolve("node:recall")(cue), resolve("node:recall").create\n'
    )


def test_plugins_that_setup_cfg_announces_are_asked_for_too(shop: Repository) -> None:
    shop.git("rm", "-q", "pyproject.toml")
    shop.write("setup.cfg", "[options.entry_points]\nlukhas.cognitive_nodes =\n    recall = candidate.memory:Recall\n")

    assert after(shop) == ASKED


def test_a_lane_that_may_not_import_the_registry_s_is_left(shop: Repository) -> None:
    shop.write(
        "policies/lanes.toml",
        '[[lane]]\nname = "service"\npaths = ["service.py"]\nmay_import = ["service", "candidate"]\n'
        '[[lane]]\nname = "candidate"\npaths = ["candidate/**"]\nmay_import = ["candidate"]\n'
        '[[lane]]\nname = "core"\npaths = ["lukhas/**"]\nmay_import = ["core"]\n',
    )
    assert left(shop) == "service may not import lukhas.registry, which is core"

    policy = (shop.root / "policies/lanes.toml").read_text("utf-8")
    shop.write("policies/lanes.toml", policy.replace('["service", "candidate"]', '["service", "candidate", "core"]'))
    assert after(shop) == ASKED


@pytest.mark.parametrize("between", ["import service\n", "from lukhas import other\n"])
def test_an_import_that_would_run_in_a_circle_is_not_added(shop: Repository, between: str) -> None:
    shop.write("lukhas/other.py", "import service\n")
    shop.write("lukhas/registry.py", between + FILES["lukhas/registry.py"])

    assert left(shop) == "lukhas.registry imports this file in turn, and its import here would run in a circle"


def test_the_registry_does_not_import_itself(shop: Repository) -> None:
    shop.write("lukhas/registry.py", FILES["lukhas/registry.py"] + LOAD)

    # Its own `resolve` would do; but whether it is there already when the load runs, nobody here can say.
    assert left(shop, "lukhas/registry.py") == "this file is lukhas.registry itself"


def test_names_that_are_relative_to_the_file_are_known(shop: Repository) -> None:
    shop.write(
        "candidate/deep/inner.py",
        "from importlib import import_module\n\n"
        "A = import_module('..memory', __package__).Recall()\n"
        "B = import_module('..mail', package=__package__).Mail()\n",
    )
    shop.write("candidate/deep/__init__.py", "DEEP = 1\n")
    shop.write("candidate/__init__.py", "import importlib\nA = importlib.import_module('.memory', __name__).Recall()\n")
    shop.commit()

    assert after(shop, "candidate/deep/inner.py") == (
        'from lukhas.registry import resolve\n\nA = resolve("node:recall")\nB = resolve("adapter:mail")\n'
    )
    assert after(shop, "candidate/__init__.py") == 'from lukhas.registry import resolve\n\nA = resolve("node:recall")\n'


@pytest.mark.parametrize("other", ["def f(:\nservice.memory\n", "from service import *\n"])
def test_where_it_cannot_be_known_what_another_file_uses_a_shared_name_stays(shop: Repository, other: str) -> None:
    shop.write("service.py", LOAD.replace("MADE", "memory").replace(".Recall()", "") + "MADE = memory.Recall()\n")
    shop.write("other.py", "import service\n" + other)

    assert left(shop) == "`memory` may be used by other.py"


def test_what_is_allowed_and_what_is_not_python_is_never_touched(shop: Repository) -> None:
    shop.write("notes.txt", LOAD)
    shop.write("lukhas/loading.py", LOAD)

    assert [edit.path for edit in mended(shop.open()).edits] == ["service.py"]


def test_what_is_owed_and_what_is_waived_is_mended_like_what_is_new(shop: Repository) -> None:
    debt = {"dynamic-import": {"service.py": {"importlib.import_module('candidate.memory')": 1}}}
    shop.write(".ci/baseline.json", json.dumps({"schema": 1, "debt": debt}))
    assert after(shop) == ASKED

    (shop.root / ".ci/baseline.json").unlink()
    shop.write(
        "policies/waivers.toml",
        '[[waiver]]\ngate = "dynamic-import"\npath = "service.py"\nreason = "r"\nowner = "o"\nticket = "t"\n'
        "expires = 2999-01-01\n",
    )
    assert after(shop) == ASKED


def test_outcome_of_a_file_without_findings_is_nothing(shop: Repository) -> None:
    assert outcome(shop.open(), "lukhas/registry.py") == Outcome(None, ())
