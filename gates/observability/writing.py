"""Everything that is generated, as files; and how the files that stand there differ from that."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from gates.facts.observability.catalogue import Telemetry
from gates.facts.observability.generated_files import FOLDER
from gates.facts.observability.objectives import ObjectivesPolicy
from gates.observability.configurations import alertmanager, collector, prometheus
from gates.observability.dashboard import dashboard
from gates.observability.indicators import refuse_unmeasurable
from gates.observability.rule_tests import tests
from gates.observability.rules import rules

RULES, TESTS = "rules.yaml", "rules.tests.yaml"
_HEAD = "# Written by `gates observability` from objectives.toml; a change made here is lost.\n"
_SHOWN = 12


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are read, and every list below its key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists, too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def generated(policy: ObjectivesPolicy, telemetry: Telemetry) -> dict[str, bytes]:
    """Path to content of all that follows from the objectives and the catalogue: the same for the same.

    Errors: GatesError for an objective that the catalogue does not let one measure.
    """
    for objective in policy.objective:
        refuse_unmeasurable(objective, telemetry)
    documents = {
        RULES: rules(policy),
        TESTS: tests(policy, RULES),
        "prometheus.yaml": prometheus(policy, RULES),
        "alertmanager.yaml": alertmanager(policy),
        "collector.yaml": collector(),
    }
    files = {f"{FOLDER}/{name}": f"{_HEAD}{as_yaml(document)}".encode() for name, document in documents.items()}
    drawn = json.dumps(dashboard(policy, telemetry), indent=2) + "\n"
    return {**files, f"{FOLDER}/dashboard.json": drawn.encode()}


def as_yaml(document: Mapping[str, Any]) -> str:
    """The document as it is written."""
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1_000, allow_unicode=True))


def drifted(files: Mapping[str, bytes], root: Path) -> Iterator[str]:
    """For each file that is not as it would be written, its path and the first lines that differ."""
    for path, content in files.items():
        place = root / path
        if not place.is_file():
            yield f"{path}: does not exist"
        elif place.read_bytes() != content:
            is_text, to_be = place.read_text("utf-8", "replace").splitlines(), content.decode().splitlines()
            lines = list(difflib.unified_diff(is_text, to_be, "as it is", "as it follows", lineterm="", n=0))[2:]
            more = [f"    ... {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
            yield "\n".join([f"{path}: is not what follows", *(f"    {line}" for line in lines[:_SHOWN]), *more])


def write(files: Mapping[str, bytes], root: Path) -> list[str]:
    """Write those that differ; their paths."""
    written = []
    for path, content in files.items():
        place = root / path
        if not place.is_file() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            written.append(path)
    return written
