"""`python -m runtime` as a person types it, with a distribution that announces the lanes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings import VARIABLES
from tests.lanes.announced import installed, written_to

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if announced_already():
        return ROOT
    return written_to(tmp_path_factory.mktemp("site"))


def announced_already() -> bool:
    from runtime.registry.installed import installed as scanned

    return {one.value for one in installed().candidates} <= {one.value for one in scanned().candidates}


def started(site: Path, folder: Path, *words: str, **told: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUKHAS_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(site)])
    command = [sys.executable, "-W", "error", "-m", "runtime", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env={**environment, **told}, stdout=pipe, stderr=pipe, text=True)


def runtime(site: Path, folder: Path, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    with started(site, folder, *words, **told) as process:
        out, error = process.communicate(timeout=120)
    return subprocess.CompletedProcess(words, process.returncode, out, error)


def test_documents_are_fed_and_a_question_is_answered_with_passages_stages_and_trace(
    site: Path, tmp_path: Path
) -> None:
    (tmp_path / "tower.md").write_text("# Tower\n\nThe tower was built in 1827 by Schinkel.\n", encoding="utf-8")

    fed = runtime(site, tmp_path, "feed", "tower.md")
    again = runtime(site, tmp_path, "feed", ".")
    asked = runtime(site, tmp_path, "ask", "--budget", "20", "Who built the tower?")

    assert (fed.returncode, fed.stderr) == (0, "")
    assert "1  new passages remembered; 1 are live in sqlite" in fed.stdout
    assert "0  new passages remembered" in again.stdout
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith("The tower was built in 1827 by Schinkel.")
    assert "tower.md:3" in asked.stdout
    assert "├─ stage.memory" in asked.stdout
    assert "awareness" in asked.stdout


def test_the_answer_is_also_plain_data(site: Path, tmp_path: Path) -> None:
    asked = runtime(site, tmp_path, "ask", "--json", "--budget", "20", "Who built the tower?", LUKHAS_STORE="memory:")

    assert asked.returncode == 1
    assert json.loads(asked.stdout)["answer"] is None


def test_describe_names_metrics_plugins_stages_and_switches(site: Path, tmp_path: Path) -> None:
    described = runtime(site, tmp_path, "describe", "--json", LUKHAS_LANE="candidate")

    document = json.loads(described.stdout)
    assert described.returncode == 0
    assert "matriz_stage_total" in [metric["name"] for metric in document["catalogue"]["metrics"]]
    assert document["stages"][0]["stage"] == "memory"
    assert "node:recall" in document["plugins"]["registered"]
    assert {"flag": "module.node.recall", "value": True, "reason": "declared by its lane, and no switch names it"} in (
        document["switches"]
    )
    assert list(tmp_path.iterdir()) == []


def test_plugins_are_a_table_and_a_document(site: Path, tmp_path: Path) -> None:
    table, document = runtime(site, tmp_path, "plugins"), runtime(site, tmp_path, "plugins", "--json")

    assert "node:recall" in table.stdout
    assert "the lane candidate is not loaded here" in table.stdout
    assert "node:recall" in json.loads(document.stdout)["registered"]


def test_a_drill_leaves_a_record(site: Path, tmp_path: Path) -> None:
    words = ("drill", "attention/failing", "--queries", "1", "--budget", "5", "--record", "out/drills.json")

    drilled = runtime(site, tmp_path, *words)

    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    record = json.loads((tmp_path / "out" / "drills.json").read_text())
    assert record["verdict"] == "held"
    assert record["drills"][0]["outcomes"] == ["degraded"]


@pytest.mark.parametrize(
    ("words", "told", "code", "says"),
    [
        (["ask", ""], {}, 2, "the question is empty"),
        (["ask", "\udcff"], {}, 2, "surrogate"),
        (["ask", "a" * 8193], {}, 2, "8,193 characters; 8,192 are the most (LUKHAS_TEXT_LIMIT)"),
        (["ask", "a", "--budget", "soon"], {}, 2, "soon is no number of seconds"),
        (["feed", ""], {}, 2, "an empty path"),
        (["ask"], {}, 2, "required"),
        (["asl"], {}, 2, "invalid choice"),
        ([], {}, 2, "required"),
        (["feed", "nowhere.md"], {}, 2, "nowhere.md is not there"),
        (["drill", "sleeping"], {}, 2, "no drill is called 'sleeping'"),
        (["drill", "--queries", "0"], {}, 2, "1 to 10,000"),
        (["worker"], {}, 2, "LUKHAS_NATS is not set"),
        (["serve"], {"LUKHAS_HOST": "0.0.0.0"}, 2, "LUKHAS_TOKEN is not set"),
        (["serve", "--host", "0.0.0.0"], {}, 2, "LUKHAS_TOKEN is not set"),
        (["plugins"], {"LUKHAS_LANE": "labs"}, 2, "LUKHAS_LANE is 'labs'"),
        (["plugins", "--require", "node:oracle"], {}, 3, "'node:oracle' is required"),
        (["plugins", "--require", "node"], {"LUKHAS_PLUGIN_DISCOVERY": "off"}, 3, "discovery is off"),
        (["worker"], {"LUKHAS_PLUGIN_DISCOVERY": "off", "LUKHAS_NATS": "nats://127.0.0.1:1"}, 3, "discovery is off"),
        (
            ["plugins", "--require", "node"],
            {"LUKHAS_PLUGIN_DISCOVERY": "nearly"},
            2,
            "LUKHAS_PLUGIN_DISCOVERY is 'nearly'",
        ),
        (["ask", "a"], {"LUKHAS_STORE": "sqlite:////nowhere/at/all.db"}, 3, "/nowhere/at/all.db"),
        (["ask", "a", "--store", "mysql://x"], {}, 2, "--store is 'mysql://x'; use a URL that begins with sqlite:///"),
        (["ask", "a"], {"LUKHAS_STORE": "memory:", "LUKHAS_EMBEDDER": "model2vec:nowhere"}, 2, "model2vec"),
        (["serve", "--port", "99999"], {}, 2, "--port is '99999'; use a whole number from 0 to 65535"),
        (["serve", "--host", "no host"], {"LUKHAS_TOKEN": "sixteen-or-longer"}, 2, "no address here"),
        (["feed", "/dev/null"], {}, 2, "/dev/null is neither a file nor a folder"),
        (["feed", "."], {}, 2, ". holds no document"),
        (["plugins", "--require", "node:recall"], {"LUKHAS_BUDGT": "1"}, 0, "did you mean LUKHAS_BUDGET?"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_exit_code(
    site: Path, tmp_path: Path, words: list[str], told: dict[str, str], code: int, says: str
) -> None:
    ended = runtime(site, tmp_path, *words, **told)

    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_document_that_cannot_be_read_is_named_and_the_others_are_fed(site: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "nul.txt").write_bytes(b"a\0b")
    (tmp_path / "sound.txt").write_bytes(b"\xef\xbb\xbfThe owl sleeps.")

    fed = runtime(site, tmp_path, "feed", ".", LUKHAS_STORE="memory:")

    assert fed.returncode == 1
    assert fed.stderr.splitlines()[0] == "ERROR runtime: left out: latin.txt is not UTF-8: byte 3 is none of it"
    assert fed.stderr.splitlines()[1].startswith("ERROR runtime: left out: nul.txt: record ")
    assert "1  new passages remembered; 1 are live" in fed.stdout


def test_an_edited_document_fed_again_takes_the_place_of_what_it_was_and_can_be_forgotten(
    site: Path, tmp_path: Path
) -> None:
    tower = tmp_path / "tower.md"
    tower.write_text("# Tower\n\nBuilt in 1827.\n\n# Keeper\n\nLives beside it.\n", encoding="utf-8")
    runtime(site, tmp_path, "feed", "tower.md")
    tower.write_text("# Tower\n\nBuilt in 1828.\n\n# Keeper\n\nLives beside it.\n", encoding="utf-8")

    fed = runtime(site, tmp_path, "feed", str(tower))
    asked = runtime(site, tmp_path, "ask", "--budget", "20", "When was the tower built?")
    forgotten = runtime(site, tmp_path, "forget", "tower.md")
    again = runtime(site, tmp_path, "forget", "./tower.md", "nowhere.md")

    assert "2  " + str(tower) + "  1 new, 1 withdrawn" in fed.stdout
    assert "1  new passages remembered, 1 withdrawn; 2 are live in sqlite" in fed.stdout
    assert asked.stdout.startswith("Built in 1828.")
    assert "1827" not in asked.stdout
    assert (forgotten.returncode, forgotten.stdout.split()) == (0, ["2", "tower.md"])
    assert again.returncode == 1
    assert again.stdout.count("nothing of it is recalled") == 2


def test_a_question_that_nobody_may_answer_names_the_switch_that_is_off(site: Path, tmp_path: Path) -> None:
    asked = runtime(site, tmp_path, "ask", "a", LUKHAS_STORE="memory:", LUKHAS_SWITCHES="nowhere.toml")

    assert asked.returncode == 3
    assert "no node serves the critical stage memory; off: module.node.recall" in asked.stderr
    assert "nowhere.toml" in asked.stderr


def test_a_service_that_is_not_ready_says_why_when_it_begins(site: Path, tmp_path: Path) -> None:
    told = {"LUKHAS_STORE": "memory:", "LUKHAS_SWITCHES": "nowhere.toml", "LUKHAS_PORT": "0"}
    with started(site, tmp_path, "serve", **told) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving at ")
        process.terminate()
        _, said = process.communicate(timeout=30)

    assert "WARNING runtime: not ready: no node serves the critical stage memory; off: module.node.recall" in said
    assert "nowhere.toml cannot be read" in said


def test_help_names_every_setting_and_exit_code(site: Path, tmp_path: Path) -> None:
    shown = runtime(site, tmp_path, "--help").stdout

    assert "exit codes:" in shown
    for variable in VARIABLES:
        assert variable.name in shown
    assert "seconds that one query may take [default: 0.25]" in shown


def test_ctrl_c_while_it_is_being_imported_ends_it_without_a_traceback(tmp_path: Path) -> None:
    told = {**os.environ, "PYTHONPATH": str(ROOT), "LUKHAS_STORE": "memory:"}
    command = [sys.executable, "-X", "importtime", "-m", "runtime", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=told, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("| argparse" in line for line in process.stderr)  # by now its own first lines were run
        process.send_signal(signal.SIGINT)
        left = process.stderr.read()

    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in left
