"""The plugins of runtime/lanes as a distribution would announce them, whether or not one is installed."""

from __future__ import annotations

from pathlib import Path

from runtime.registry.installed import Candidate, Installed

ANNOUNCED = {
    "lukhas.cognitive_nodes": {
        "recall": "runtime.lanes.production.recall:Recall",
        "salience": "runtime.lanes.production.salience:Salience",
        "statements": "runtime.lanes.production.statements:Statements",
        "extract": "runtime.lanes.production.extract:Extract",
        "weigh": "runtime.lanes.production.weigh:Weigh",
        "gaps": "runtime.lanes.production.gaps:Gaps",
        "passage-extract": "runtime.lanes.integration.passage_extract:PassageExtract",
        "varied-salience": "runtime.lanes.candidate.varied_salience:VariedSalience",
    },
    "lukhas.constellation_components": {"keeper": "runtime.lanes.production.keeper:Keeper"},
    "lukhas.adapters": {"documents": "runtime.lanes.production.documents:Documents"},
    "lukhas.monitoring": {"stage-table": "runtime.lanes.production.stage_table:StageTable"},
}


def installed(*more: Candidate) -> Installed:
    """What a scan would find."""
    ours = [
        Candidate(group, name, value, "lukhas-gates", "1")
        for group, plugins in ANNOUNCED.items()
        for name, value in plugins.items()
    ]
    return Installed((*ours, *more), (), 1, 0.0)


def written_to(folder: Path) -> Path:
    """A folder for PYTHONPATH that holds the distribution's metadata, as an installer would write it."""
    info = folder / "lukhas_lanes_by_hand-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lukhas-lanes-by-hand\nVersion: 1\n", encoding="utf-8")
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in plugins.items())])
        for group, plugins in ANNOUNCED.items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    return folder
