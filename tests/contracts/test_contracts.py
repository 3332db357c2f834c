"""import-linter's contracts, when what is loaded by name is in their graph: what breaks, what is said, what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gates.facts.imported import Imported
from gates.facts.recording import Importer, Recording, render
from tests.checkout.repository import Repository
from tests.contracts.linted import APP, LOADING, configuration, linted

needs_import_linter = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="gates.contracts is for Python 3.11 and newer"
)

LAYERS = "layers =\n    high\n    low\ncontainers = app\n"
OPTIONS = {
    "layers": LAYERS,
    "forbidden": "source_modules = app.low\nforbidden_modules = app.high\n",
    "independence": "modules =\n    app.low\n    app.high\n",
    "protected": "protected_modules = app.high\nallowed_importers = app.top\n",
    "acyclic_siblings": "ancestors = app\n",
}
LINK = "app.low.work -> app.high.tool (l.3)"
SHOWN = f"- {LINK}: high = importlib.import_module('app.high.tool')"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def layers(*options: str) -> dict[str, str]:
    return {"ours": "\n".join(["type = gates_layers", LAYERS, *options])}


@needs_import_linter
@pytest.mark.parametrize("kind", OPTIONS)
def test_what_a_static_contract_keeps_ours_breaks_with_the_line_that_loads(repository: Repository, kind: str) -> None:
    contracts = {
        "static": f"type = {kind}\n{OPTIONS[kind]}",
        "ours": f"type = gates_{kind}\n{OPTIONS[kind]}",
    }
    back = "import app.low\n" if kind == "acyclic_siblings" else ""
    files = {**APP, "app/top.py": "", "app/low/work.py": LOADING, "app/high/tool.py": back}

    said = linted(repository, files, configuration(contracts))

    assert said.verdicts == {"static": "KEPT", "ours": "BROKEN"}, said.text
    assert said.status == 1
    assert SHOWN in said.text
    assert kind == "acyclic_siblings" or said.text.count(LINK) == 2


@needs_import_linter
def test_contracts_that_nothing_breaks_are_kept_and_nothing_is_said(repository: Repository) -> None:
    files = {
        **APP,
        "app/low/work.py": '"""importlib.import_module("app.high.tool")"""\n',
        "app/high/up.py": "import importlib\nimportlib.import_module('app.low.work')\n",
    }

    said = linted(repository, files, configuration(layers("opaque = fail")))

    assert (said.status, said.verdicts) == (0, {"ours": "KEPT"}), said.text
    assert "warning" not in said.text


@needs_import_linter
def test_a_load_by_name_is_one_step_of_a_longer_chain(repository: Repository) -> None:
    files = {**APP, "app/low/work.py": "import app.bridge\n", "app/bridge.py": LOADING}

    said = linted(repository, files, configuration(layers()))

    assert "app.low.work -> app.bridge (l.1)\n  app.bridge -> app.high.tool (l.3)" in said.text
    assert "- app.bridge -> app.high.tool (l.3): high = importlib" in said.text


FORMS = {
    "relative": ("app/low/work.py", "import importlib\nimportlib.import_module('..high.tool', __package__)\n"),
    "something in a module": ("app/low/work.py", "import pydoc\n\npydoc.locate('app.high.tool.Tool')\n"),
    "source text": ("app/low/work.py", "exec('import app.high.tool')\n"),
    "from __init__": ("app/low/__init__.py", "__import__('app.high.tool')\n"),
    "a constant": ("app/low/work.py", "NAME = 'app.high'\n__import__(f'{NAME}.tool')\n"),
    "below a folder that is no package": ("app/low/plain/work.py", "__import__('app.high.tool')\n"),
}


@needs_import_linter
@pytest.mark.parametrize("form", FORMS)
def test_whatever_the_gates_see_the_contract_sees(repository: Repository, form: str) -> None:
    path, text = FORMS[form]

    said = linted(repository, {**APP, path: text}, configuration(layers()))

    assert said.verdicts == {"ours": "BROKEN"}, said.text
    assert "-> app.high.tool (l." in said.text


@needs_import_linter
def test_what_lies_in_a_folder_that_is_no_package_is_loaded_all_the_same(repository: Repository) -> None:
    files = {**APP, "app/high/plain/deep.py": "", "app/low/work.py": "__import__('app.high.plain.deep')\n"}

    assert "app.low.work -> app.high.plain.deep (l.1)" in linted(repository, files, configuration(layers())).text


@needs_import_linter
def test_a_load_can_be_ignored_like_an_import(repository: Repository) -> None:
    ignored = "ignore_imports =\n    app.low.work -> app.high.*\n"

    said = linted(repository, {**APP, "app/low/work.py": LOADING}, configuration(layers(ignored)))

    assert (said.status, said.verdicts) == (0, {"ours": "KEPT"}), said.text


@needs_import_linter
def test_an_external_library_is_loaded_by_name(repository: Repository) -> None:
    options = "source_modules = app\nforbidden_modules = subprocess\n"
    contracts = {"static": f"type = forbidden\n{options}", "ours": f"type = gates_forbidden\n{options}"}
    text = "import importlib\nimportlib.import_module('subprocess.run')\n"

    said = linted(
        repository,
        {**APP, "app/low/work.py": text},
        configuration(contracts, session="include_external_packages = True"),
    )

    assert said.verdicts == {"static": "KEPT", "ours": "BROKEN"}, said.text
    assert "app.low.work -> subprocess (l.2)" in said.text


OPAQUE = "import importlib\nimport sys\n\nimportlib.import_module(sys.argv[1])\n"


@needs_import_linter
def test_what_cannot_be_known_is_said_once_for_a_contract(repository: Repository) -> None:
    files = {**APP, **{f"app/low/work{number}.py": OPAQUE for number in range(5)}}

    said = linted(repository, files, configuration(layers()))

    assert (said.status, said.verdicts) == (0, {"ours": "KEPT"}), said.text
    places = ", ".join(f"app.low.work{number} (l.4)" for number in range(3))
    assert f"What 5 loads by name may enter cannot be known here: {places} and 2 more." in said.text
    assert "(1 warning)" in said.text


@needs_import_linter
def test_what_cannot_be_known_fails_where_it_must_not_be(repository: Repository) -> None:
    said = linted(repository, {**APP, "app/low/work.py": OPAQUE}, configuration(layers("opaque = fail")))

    assert (said.status, said.verdicts) == (1, {"ours": "BROKEN"}), said.text
    assert "- app.low.work (l.4): `importlib.import_module(sys.argv[1])`" in said.text


@needs_import_linter
def test_modules_that_may_load_what_is_not_known_are_named_and_must_exist(repository: Repository) -> None:
    files = {**APP, "app/low/work.py": OPAQUE}
    allowed = configuration(layers("opaque = fail", "opaque_allowed_in =\n    app.low.*\n"))
    misspelt = configuration(layers("opaque = fail", "opaque_allowed_in = app.low.wrok"))

    assert linted(repository, files, allowed).verdicts == {"ours": "KEPT"}
    said = linted(repository, files, misspelt)
    assert said.status == 1
    assert "Module 'app.low.wrok' does not exist" in said.text


@needs_import_linter
def test_what_the_policy_allows_to_be_opaque_is_not_said_and_its_known_loads_are_judged(repository: Repository) -> None:
    policy = '[gates.dynamic-import]\nallowed_in = ["app/low/work.py"]\n'
    files = {**APP, "policies/gates.toml": policy, "app/low/work.py": OPAQUE}

    assert linted(repository, files, configuration(layers("opaque = fail"))).verdicts == {"ours": "KEPT"}
    files["app/low/work.py"] = OPAQUE + LOADING
    assert linted(repository, files, configuration(layers())).verdicts == {"ours": "BROKEN"}


RECORDED = """
[gates.dynamic-import]

[facts.recorded-imports]
file = ".gates/recordings/imports.jsonl"
"""


@needs_import_linter
def test_what_a_recorded_run_loaded_is_judged(repository: Repository) -> None:
    ran = (Imported(4, "app.high.tool", "app/high/tool.py"), Imported(4, "json", None))
    recording = render(Recording((Importer("app/low/work.py", repository.blob(OPAQUE), ran),)))
    files = {**APP, "app/low/work.py": OPAQUE, "policies/gates.toml": RECORDED}

    repository.write(".gates/recordings/imports.jsonl", recording)
    said = linted(repository, files, configuration(layers()))

    assert said.verdicts == {"ours": "BROKEN"}, said.text
    assert "app.low.work -> app.high.tool (l.4)\n" in said.text
    assert "(l.4, as a recorded run did): importlib.import_module(sys.argv[1])" in said.text


@needs_import_linter
def test_a_recording_that_is_asked_for_and_lacking_is_not_passed_over(repository: Repository) -> None:
    files = {**APP, "policies/gates.toml": RECORDED}

    said = linted(repository, files, configuration(layers("opaque = fail")))

    assert said.verdicts == {"ours": "BROKEN"}, said.text
    assert "- .gates/recordings/imports.jsonl: does not exist; run `pytest --gates-record-imports`" in said.text


@needs_import_linter
def test_a_word_that_is_none_of_an_option_is_refused(repository: Repository) -> None:
    said = linted(repository, APP, configuration(layers("opaque = maybe")))

    assert said.status == 1
    assert "opaque: Invalid value 'maybe'" in said.text


@needs_import_linter
def test_a_policy_that_makes_no_sense_is_one_line_and_no_verdict(repository: Repository) -> None:
    said = linted(repository, {**APP, "policies/gates.toml": "[gates.dinamic-import\n"}, configuration(layers()))

    assert (said.status, said.verdicts) == (1, {})
    assert "policies/gates.toml" in said.text
    assert "Traceback" not in said.text


@needs_import_linter
@pytest.mark.parametrize("below", ["src", "backend/app"])
def test_packages_are_found_where_import_linter_finds_them(repository: Repository, below: str) -> None:
    files = {f"{below}/{path}": text for path, text in {**APP, "app/low/work.py": LOADING}.items()}

    said = linted(repository, files, configuration(layers()), below)

    assert said.verdicts == {"ours": "BROKEN"}, said.text
    assert SHOWN in said.text


@needs_import_linter
def test_a_package_that_lies_elsewhere_is_not_passed_over_in_silence(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("", "utf-8")
    (repository.root / "other").symlink_to(tmp_path / "other")

    said = linted(repository, APP, configuration(layers("opaque = fail"), packages="app other"))

    assert said.verdicts == {"ours": "BROKEN"}, said.text
    assert "- other: it does not lie in this repository" in said.text


def test_where_import_linter_is_another_or_none_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "importlinter").mkdir()
    (tmp_path / "importlinter" / "__init__.py").write_text("", "utf-8")  # found first, and it has no contracts
    done = subprocess.run(
        [sys.executable, "-c", "import gates.contracts"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )

    assert done.returncode == 1
    assert "gates.contracts needs import-linter 2.7 or newer, on Python 3.11 or newer" in done.stderr
    assert "pip install 'lukhas-gates[import-linter]'" in done.stderr
