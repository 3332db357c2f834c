"""The policy files that `gates init` proposes, as commented text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing
from collections.abc import Mapping, Sequence

from gates import catalogue
from gates.baseline import PLACE as BASELINE_PLACE
from gates.globs import Globs
from gates.number_words import many
from gates.scaffold.maturity import Kind
from gates.scaffold.proposed_lanes import ProposedLane, forbids_something
from gates.scaffold.toml_text import array, comment, listed, printable, quoted

NOTHING_FORBIDDEN = (
    "no lane is forbidden another: the layout shows only one kind of code, so cross-lane-import has nothing to forbid, "
    "and `gates prove` will say so; when a second kind appears (tests/, labs/), give it a lane"
)
NO_LANES = "there is no Python module yet, so there is no lane; the first module will be asked for one"

_WHAT_IT_HOLDS = {
    Kind.TOOLS: "Tests, documentation, scripts: they may import everything, and nothing else may import them.",
    Kind.CANDIDATE: "Code that has promised nothing yet: it may import everything but tools.",
    Kind.INTEGRATION: "Code on its way to production: it may not import candidate code.",
    Kind.PRODUCTION: "Code that people rely on: it may import only itself.",
}
_UNNAMED = "Scripts that nothing imports:"
_RECORDED = """\
# What the tests really import can be judged, too: `pytest --gates-record-imports` writes it down.
# [facts.recorded-imports]
# file = ".gates/recordings/imports.jsonl"
# may_be_missing = "CI makes it\""""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WAIVED_FOR = dt.timedelta(days=90)


def gates_toml(empty: Mapping[str, str], broken: Mapping[str, str], roots: Sequence[str], example: str) -> str:
    """gates.toml, a section for every gate. `empty` and `broken` say why a gate looks at nothing, or cannot tell."""
    head = [
        comment("What this repository promises. One section a gate; `gates explain NAME` tells what each looks for."),
        comment(
            f"level: block (stops a merge), warn (is shown), off. What was found when this was proposed stands in "
            f"{BASELINE_PLACE}: it does not fail a run, and may only shrink."
        ),
    ]
    sections = (_section(name, empty.get(name), broken.get(name), example) for name in catalogue.catalogue())
    parts = ["\n".join(lines) for lines in (head, *sections)]
    if roots:
        why = comment('The folders from which modules are imported; "" is the top of the repository.')
        parts.append("\n".join([why, "[facts.modules]", array("roots", [("", roots)])]))
    return "\n\n".join([*parts, _RECORDED]) + "\n"


def _section(name: str, empty: typing.Optional[str], broken: typing.Optional[str], example: str) -> list[str]:
    kind = catalogue.catalogue()[name].load()
    fields = [field for field in dataclasses.fields(kind) if field.init]
    lines = [comment(line) for line in catalogue.explain(name).split("\n", 1)[:1] if line]
    if broken is not None:
        lines.append(comment(f"It could not tell when this was proposed: {broken}"))
    lines.append(f"[gates.{name if _BARE_KEY.fullmatch(name) else quoted(name)}]")
    needed = needed_fields(kind)
    if needed:
        lines += ['level = "off"', comment(f"It needs {' and '.join(needed)}; say so here, then switch it on.")]
    else:
        lines.append('level = "block"')
        if broken is not None:
            lines.append('when_broken = "warn"')
    if empty is not None:
        lines.append(f"may_be_empty = {quoted(empty)}")
    remark = (kind.__doc__ or "").strip().split("\n", 1)[0]
    if any(f"`{field.name}" in remark for field in fields):
        lines.append(comment(remark))
    return lines + [line for field in fields for line in _field(kind, field, example)]


def needed_fields(kind: type) -> list[str]:
    """The fields of a gate that no policy can leave out, and what it `needs` besides."""
    missing = dataclasses.MISSING
    fields = [
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is missing and field.default_factory is missing
    ]
    return [*fields, *getattr(kind, "needs", ())]


def _field(kind: type, field: dataclasses.Field[object], example: str) -> list[str]:
    if typing.get_type_hints(kind)[field.name] == Globs and field.default == ():
        return [f"{field.name} = []  # such as {printable(listed([example]))}"]
    if isinstance(field.default, bool):
        return [f"# {field.name} = {str(field.default).lower()}"]
    if isinstance(field.default, (int, float)):
        return [f"# {field.name} = {field.default}"]
    return [f"# {field.name} = {quoted(field.default)}"] if isinstance(field.default, str) else []


def lanes_toml(lanes: Sequence[ProposedLane]) -> str:
    """lanes.toml: the map, and the matrix."""
    head = [
        comment("Which module is in which lane, and which lanes each lane may import (its own is not implied)."),
        comment(
            "The first lane with a glob that matches a path has it. A module in no lane is a finding; a glob that "
            "matches nothing is an error. Proposed from the names of folders: correct what was guessed wrong; `gates "
            "lanes` shows the map."
        ),
    ]
    if not lanes:
        head.append(comment(f"Now: {NO_LANES}."))
        head += ["#", "# [[lane]]", f"# name = {quoted('production')}", f"# paths = {listed(['src/**'])}"]
        head.append(f"# may_import = {listed(['production'])}")
    elif not forbids_something(lanes):
        head.append(comment(f"Now {NOTHING_FORBIDDEN}."))
    return "\n\n".join(["\n".join(head), *("\n".join(_lane(lane)) for lane in lanes)]) + "\n"


def _lane(lane: ProposedLane) -> list[str]:
    lines = [
        comment(f"{_WHAT_IT_HOLDS[lane.kind]} It held {many(lane.holds, 'module')} when this was proposed."),
        "[[lane]]",
        f"name = {quoted(lane.kind.value)}",
        array("paths", [("", lane.globs), (_UNNAMED, lane.unnamed)]),
        array("may_import", [("", lane.may_import)]),
    ]
    if lane.formerly:
        lines.append(comment("Names of folders that are gone, and that imports still use."))
        lines.append(array("formerly", [("", lane.formerly)]))
    return lines


def waivers_toml(today: dt.date) -> str:
    """waivers.toml: none, and how one is written."""
    gate = "dynamic-import" if "dynamic-import" in catalogue.catalogue() else next(iter(catalogue.catalogue()))
    example = [
        "[[waiver]]",
        f"gate = {quoted(gate)}",
        f"path = {quoted('src/loader.py')}",
        f"subject = {quoted('importlib.import_module*')}",
        f"reason = {quoted('the plugins of the old format are loaded by name until they are converted')}",
        f"owner = {quoted('who answers for it')}",
        f"ticket = {quoted('where it is tracked')}",
        f"expires = {(today + _WAIVED_FOR).isoformat()}",
    ]
    head = [
        comment("Promises set aside by a person until a date. `path` and `subject` are globs; one of them is needed."),
        comment("A waiver that has expired, or that covers nothing, is a finding of its own."),
        "#",
    ]
    return "\n".join([*head, *(f"# {line}" for line in example)]) + "\n"
