from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Callable, TypeVar

import pytest

from runtime.answer import Question
from runtime.app import App, opened
from runtime.errors import ConfigurationFault, PluginFault, QueryRefused
from runtime.orchestrator.admission import Shed
from runtime.registry.installed import Candidate
from runtime.settings import LANES, Settings
from runtime.telemetry.events import SwitchRead
from runtime.telemetry.recording import Recording
from tests.e2e.corpus import PATIENT, fed
from tests.lanes.announced import installed

T = TypeVar("T")
QUESTION = Question("When was the lighthouse at Arkona built?")
NODES = "tests.service.unfit_nodes"


def within(app: Callable[[App], Awaitable[T]], settings: Settings = PATIENT) -> T:
    async def run() -> T:
        async with fed(settings) as opened_app:
            return await app(opened_app)

    return asyncio.run(run())


@pytest.mark.parametrize("lane", LANES)
def test_each_lane_adds_to_the_one_before_and_all_kinds_are_there(lane: str) -> None:
    async def look(app: App) -> Mapping[str, object]:
        return app.plugins()

    document = within(look, PATIENT._replace(lane=lane))

    registered = document["registered"]
    assert isinstance(registered, list)
    assert len(registered) == {"production": 9, "integration": 10, "candidate": 11}[lane]
    assert document["failures"] == []
    kinds = document["kinds"]
    assert isinstance(kinds, dict)
    assert all(kinds[kind] > 0 for kind in ("node", "constellation", "adapter", "monitor"))
    assert json.dumps(document)


def test_without_discovery_nothing_is_there_and_it_is_not_ready() -> None:
    async def run() -> tuple[list[str], int]:
        app = await opened(PATIENT._replace(discovery="off"), found=installed())
        reply = await app.answer(QUESTION)
        faults = app.faults()
        await app.close()
        return faults, reply.status

    faults, status = asyncio.run(run())

    assert "no node serves the critical stage memory" in faults
    assert status == 503


def test_a_node_that_cannot_serve_is_left_out_and_said_and_the_others_serve() -> None:
    broken = [
        Candidate("lukhas.cognitive_nodes", name, f"{NODES}:{value}", "others", "1")
        for name, value in [("dreaming", "Dreaming"), ("blocking", "Blocking"), ("nameless", "Nameless")]
    ]

    async def run() -> tuple[tuple[str, ...], int, list[str]]:
        app = await opened(PATIENT._replace(lane="candidate"), found=installed(*broken))
        unfit, faults = app.unfit, app.faults()
        reply = await app.answer(QUESTION)
        await app.close()
        return unfit, reply.status, faults

    unfit, status, faults = asyncio.run(run())

    assert [line.partition(": ")[0] for line in unfit] == ["node:dreaming", "node:blocking", "node:nameless"]
    assert "'dreaming'" in unfit[0]
    assert "coroutine" in unfit[1]
    assert "name" in unfit[2]
    assert status == 200
    assert faults == []


def test_a_monitor_that_raises_is_told_nothing_more_and_a_component_that_raises_is_not_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    raising = f"{NODES}:Raising"
    broken = [
        Candidate("lukhas.monitoring", "raising", raising, "others", "1"),
        Candidate("lukhas.constellation_components", "raising", raising, "others", "1"),
    ]

    async def run() -> tuple[list[str], int]:
        app = await opened(PATIENT._replace(lane="candidate"), found=installed(*broken))
        reply = await app.answer(QUESTION)
        faults = app.faults()
        await app.close()
        return faults, reply.status

    assert asyncio.run(run()) == (["raising: it raised ValueError"], 200)
    assert caplog.text.count("monitor:raising raised") == 1


def test_a_kill_switch_takes_a_node_out_of_a_running_service_and_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "switches.toml"
    path.write_text("[switches]\n", encoding="utf-8")
    recording = Recording()

    async def run() -> list[object]:
        seen: list[object] = []
        async with fed(PATIENT._replace(switches=path), [recording]) as app:
            for text in (
                "[switches]\n",
                "[switches]\nmodule.node.salience = false\n",
                "[switches]\nmodule.node.recall = false\n",
                "",
            ):
                path.write_text(text, encoding="utf-8")
                await asyncio.sleep(0.06)
                reply = await app.answer(QUESTION)
                seen.append((reply.status, reply.document["outcome"], reply.document["switched_off"]))
        return seen

    assert asyncio.run(run()) == [
        (200, "answered", []),
        (200, "degraded", ["module.node.salience"]),
        (503, "failed", ["module.node.recall"]),
        (200, "answered", []),
    ]
    assert any(said.flag == "module.node.recall" and not said.value for said in recording.of(SwitchRead))


def test_switches_that_cannot_be_read_turn_every_module_off_and_readiness_says_so(tmp_path: Path) -> None:
    async def look(app: App) -> tuple[list[str], int]:
        return app.faults(), (await app.answer(QUESTION)).status

    faults, status = within(look, PATIENT._replace(switches=tmp_path / "nowhere.toml"))

    assert faults[0].startswith("no node serves the critical stage memory; off: module.node.recall (off, because")
    assert "nowhere.toml cannot be read" in faults[0]
    assert status == 503


def test_a_node_that_is_rolled_out_to_some_serves_those_and_the_service_is_ready(tmp_path: Path) -> None:
    path = tmp_path / "switches.toml"

    async def look(app: App) -> list[list[str]]:
        found = []
        for rule in ("{percent = 0.01}", '{percent = 0, subjects = ["team-a"]}', "{percent = 0}"):
            path.write_text(f"[switches]\nmodule.node.recall = {rule}\n", encoding="utf-8")
            await asyncio.sleep(0.06)
            found.append(app.faults())
        return found

    path.write_text("", encoding="utf-8")
    few, one, nobody = within(look, PATIENT._replace(switches=path))

    assert few == one == []
    assert nobody == ["no node serves the critical stage memory; off: module.node.recall (static)"]


def test_every_module_that_a_lane_holds_has_a_rollback_switch() -> None:
    async def look(app: App) -> tuple[set[str], set[str]]:
        registered = app.plugins()["registered"]
        assert isinstance(registered, list)
        return set(app.switches.declared), {f"module.{name.replace(':', '.', 1)}" for name in registered}

    declared, registered = within(look, PATIENT._replace(lane="candidate"))

    assert declared == registered


def test_only_so_many_pipelines_are_kept_and_those_that_went_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.app.MOST_PIPELINES", 1)
    path = tmp_path / "switches.toml"
    path.write_text('[switches]\nmodule.node.gaps = {percent = 0, subjects = ["team-a"]}\n', encoding="utf-8")

    async def ask(app: App) -> list[object]:
        return [app.pipeline(subject) for subject in ("team-a", "team-a", "team-b", "team-a")]

    first, again, another, anew = within(ask, PATIENT._replace(switches=path))

    assert first is again
    assert another is not first
    assert anew is not first


def test_a_rollout_serves_its_share_of_the_subjects_and_each_always_the_same(tmp_path: Path) -> None:
    path = tmp_path / "switches.toml"
    path.write_text("[switches]\nmodule.node.gaps = {percent = 50}\n", encoding="utf-8")

    async def look(app: App) -> list[object]:
        subjects = [f"team {number}" for number in range(20)]
        return [(await app.answer(Question(QUESTION.text, subject))).document["outcome"] for subject in 2 * subjects]

    outcomes = within(look, PATIENT._replace(switches=path))

    assert set(outcomes) == {"answered", "degraded"}
    assert outcomes[:20] == outcomes[20:]


def test_what_was_remembered_before_shows_in_the_metrics_from_the_start(tmp_path: Path) -> None:
    settings = PATIENT._replace(store=f"sqlite:///{tmp_path / 'memory.db'}")

    async def run() -> str:
        before = await opened(settings, found=installed())
        before.memory.remember(["The lighthouse at Arkona was built in 1827.", "It stands on a cape."])
        await before.close()
        app = await opened(settings, found=installed())
        told = app.metrics("")[1].decode()
        await app.close()
        return told

    assert 'matriz_memory_records{state="live",store="sqlite"} 2.0' in asyncio.run(run())


def test_a_query_past_the_admission_is_shed() -> None:
    async def look(app: App) -> None:
        app.admission.limit = 1
        with app.admission.enter(), pytest.raises(Shed):
            await app.answer(QUESTION)

    within(look)


def test_an_empty_question_is_refused() -> None:
    async def look(app: App) -> None:
        with pytest.raises(QueryRefused):
            await app.ask(" ")

    within(look)


def test_a_store_that_is_gone_fails_the_query_and_readiness_says_so(tmp_path: Path) -> None:
    async def run() -> tuple[list[str], int]:
        async with fed(PATIENT._replace(store=f"sqlite:///{tmp_path}/memory.db")) as app:
            app.memory.store.close()
            return app.faults(), (await app.answer(QUESTION)).status

    faults, status = asyncio.run(run())

    assert any("keeper" in fault for fault in faults)
    assert status == 503


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(store="sqlite:////nowhere/at/all.db"), "nowhere"),
        (Settings(store="memory:", placement=Path("/nowhere.toml")), "LUKHAS_PLACEMENT"),
    ],
)
def test_what_cannot_be_opened_is_one_line(settings: Settings, says: str) -> None:
    with pytest.raises(Exception, match=says) as caught:
        asyncio.run(opened(settings, found=installed()))

    assert "\n" not in str(caught.value)


def test_a_placement_of_a_node_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "placement.toml"
    path.write_text('[nodes]\nrecal = "thread"\n', encoding="utf-8")

    with pytest.raises(ConfigurationFault, match="did you mean 'recall'"):
        asyncio.run(opened(PATIENT._replace(placement=path), found=installed()))


def test_a_service_without_a_required_plugin_does_not_begin() -> None:
    with pytest.raises(PluginFault, match="node:oracle"):
        asyncio.run(opened(PATIENT, found=installed(), required=("node:oracle",)))
