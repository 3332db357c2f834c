"""What a workflow or an action of GitHub's uses, runs and promises, as plain data.

It is read as a tree of nodes, which know their lines; no value of it is ever made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional, Union

import yaml

from gates.facts.extractors.step_script import Made, made, passed_over, read

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"\s#\s*(?P<said>\S.*?)\s*$")


class Use(NamedTuple):
    """An action, a reusable workflow or an image: `kind` is "action" or "image"; `comment` stands behind it."""

    kind: str
    line: int
    text: str
    comment: str
    where: str


class JobSaid(NamedTuple):
    """A job: `is_call` of a reusable workflow; `matrix` is "listed" or "computed" where it is several, else ""."""

    id: str
    name: str
    line: int
    has_timeout: bool
    is_call: bool
    matrix: str


class Lenience(NamedTuple):
    """A `continue-on-error` with what it says, or the line of a script that passes over a failure."""

    line: int
    where: str
    value: str


def extract(source: bytes, wanted: str = "jobs") -> Optional[Union[str, tuple[Any, ...]]]:
    """`(uses, scripts, jobs, leniences, events, made)`; a reason where it is no YAML; None where it has no key
    `wanted`: "jobs" of a workflow, "runs" of an action."""
    text = source.decode("utf-8-sig", "replace")
    try:
        tree = yaml.compose(text, _LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if wanted not in text:
            return None  # a template, or several documents: GitHub would not take it for one either
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        return f"line {mark.line + 1}: is no YAML: {problem}" if mark else f"is no YAML: {problem}"
    top = _pairs(tree)
    if wanted not in top:
        return None
    for key in _repeated(tree, set()):
        return f"line {key.start_mark.line + 1}: is no YAML: the key '{key.value}' stands twice"
    reader = _Reader(text.splitlines())
    reader.read(top)
    return (
        tuple(reader.uses),
        reader.scripts,
        tuple(reader.jobs),
        tuple(reader.leniences),
        tuple(_events(top.get("on") or top.get("true"))),
        tuple(reader.made),
    )


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.uses: list[Use] = []
        self.scripts = 0
        self.jobs: list[JobSaid] = []
        self.leniences: list[Lenience] = []
        self.made: list[Made] = []
        self._seen: set[int] = set()

    def read(self, top: dict[str, Any]) -> None:
        around = _folder(top.get("defaults"))
        for name, job in _pairs(top.get("jobs")).items():
            self._job(name, job, around)
        runs = _pairs(top.get("runs"))
        self._steps(runs.get("steps"), "runs", "")
        image = _text(runs.get("image"))
        if image and image.startswith("docker://"):
            self._use("image", runs["image"], "runs", image[len("docker://") :])

    def _job(self, name: str, node: Any, around: str) -> None:
        job = _pairs(node)
        where = f"jobs.{name}"
        shown = _text(job.get("name")) or ""
        # A block begins in the line below its key.
        line = node.start_mark.line + (1 if getattr(node, "flow_style", False) else 0)
        self.jobs.append(
            JobSaid(name, shown, line, "timeout-minutes" in job, "uses" in job, _matrix(job.get("strategy")))
        )
        self._lenient(job, where)
        if "uses" in job:
            self._use("action", job["uses"], where)
        container = job.get("container")
        inner = _pairs(container).get("image") if isinstance(container, yaml.MappingNode) else container
        for image in (inner, *(_pairs(service).get("image") for service in _pairs(job.get("services")).values())):
            if _text(image):
                self._use("image", image, where)
        self._steps(job.get("steps"), where, _folder(job.get("defaults")) or around)

    def _steps(self, node: Any, where: str, around: str) -> None:
        for step in node.value if isinstance(node, yaml.SequenceNode) else ():
            if id(step) in self._seen:
                continue  # an anchor: the step stands in another job, too
            self._seen.add(id(step))
            said = _pairs(step)
            named = _text(said.get("name")) or _text(said.get("id")) or ""
            place = f"{where}.steps{f' ({named})' if named else ''}"
            self._lenient(said, place)
            if "uses" in said:
                self._use("action", said["uses"], where)
            script = _text(said.get("run"))
            if script:
                first = said["run"].start_mark.line + (2 if said["run"].style in ("|", ">") else 1)
                self._script(script, first, _text(said.get("working-directory")) or around, place)

    def _script(self, text: str, first: int, folder: str, where: str) -> None:
        self.scripts += 1
        script = read(text, first)
        lines = dict(enumerate(text.split("\n"), first))
        said = (Lenience(line, where, lines[line].strip()) for line in passed_over(script))
        self.leniences += dict.fromkeys(said)
        self.made += made(script, folder)

    def _use(self, kind: str, node: Any, where: str, text: str = "") -> None:
        line = node.start_mark.line
        behind = _COMMENT.search(self._lines[line][node.start_mark.column :] if line < len(self._lines) else "")
        said = text or _text(node) or ""
        self.uses.append(Use(kind, line + 1, said, behind["said"] if behind else "", where))

    def _lenient(self, said: dict[str, Any], where: str) -> None:
        value = _text(said.get("continue-on-error"))
        if value and value.lower() != "false":
            self.leniences.append(Lenience(said["continue-on-error"].start_mark.line + 1, where, value))


def _repeated(node: Any, seen: set[int]) -> Iterator[Any]:
    """Keys that stand twice in one mapping: of two jobs by one name only the last would be seen."""
    if isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return  # an anchor may stand at several places, even within itself
    seen.add(id(node))
    known: set[str] = set()
    for child in node.value:
        key, value = child if isinstance(node, yaml.MappingNode) else (None, child)
        if isinstance(key, yaml.ScalarNode):
            yield from [key] if key.value in known else []
            known.add(key.value)
        yield from _repeated(value, seen)


def _pairs(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _text(node: Any) -> Optional[str]:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _folder(defaults: Any) -> str:
    return _text(_pairs(_pairs(defaults).get("run")).get("working-directory")) or ""


def _matrix(strategy: Any) -> str:
    matrix = _pairs(strategy).get("matrix")
    if any("${{" in (_text(node) or "") for node in (strategy, matrix, *_pairs(matrix).values())):
        return "computed"
    return "listed" if _pairs(matrix) else ""


def _events(node: Any) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from (str(child.value) for child in node.value if isinstance(child, yaml.ScalarNode))
    else:
        yield from _pairs(node)
