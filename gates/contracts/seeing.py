"""What makes a contract see loads by name: they are put into its graph, and named in its report."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules
from rich.markup import escape

from gates.contracts.feeding import feed
from gates.contracts.loads import Load, OpaqueLoad, loads_of
from gates.number_words import many
from gates.reporters.printable import printable

_SHOWN = 3
_BY_NAME = "loaded by name"
_UNKNOWN = "what is loaded is not known"


class WhenOpaque(enum.Enum):
    """What a load of the unknown does to a contract."""

    WARN = "warn"
    FAIL = "fail"


class SeesLoads(Contract):
    """For a contract type to inherit from, before the one that judges.

    `opaque`: "warn" (the default) says once where something is loaded that cannot be known here, "fail" breaks the
    contract. `opaque_allowed_in`: the modules that may; what they load by a known name is judged all the same.
    """

    opaque = fields.EnumField(WhenOpaque, default=WhenOpaque.WARN)
    opaque_allowed_in = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def __init_subclass__(cls) -> None:
        """Give a type all options as its own: before 2.16 import-linter saw no others."""
        for parent in reversed(cls.__mro__):
            for name, option in vars(parent).items():
                if isinstance(option, fields.Field):
                    setattr(cls, name, option)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Judge the graph with the loads in it."""
        packages = tuple(self.session_options["root_packages"])
        loads = loads_of(Path.cwd(), packages)
        opaque = self._not_allowed(graph, loads.opaque)
        with_externals = str(self.session_options.get("include_external_packages")).lower() == "true"
        fed = feed(graph, loads, packages, with_externals)
        output.verbose_print(verbose, f"Added {many(len(fed), 'load')} by name to the graph.")
        check = super().check(graph, verbose)
        links = frozenset(_links(check.metadata))
        check.metadata[_BY_NAME] = [load for load in fed if (load.importer, load.imported) in links]
        check.metadata[_UNKNOWN] = opaque if self.opaque is WhenOpaque.FAIL else []
        check.kept = check.kept and not check.metadata[_UNKNOWN]
        if opaque and self.opaque is WhenOpaque.WARN:
            check.warnings.append(_warning(opaque))
        return check

    def _not_allowed(self, graph: ImportGraph, opaque: Iterable[OpaqueLoad]) -> list[OpaqueLoad]:
        allowed = module_expressions_to_modules(graph, self.opaque_allowed_in or (), raise_if_unmatched=True)
        names = {module.name for module in allowed}
        return [load for load in opaque if load.importer not in names]

    def render_broken_contract(self, check: ContractCheck) -> None:
        """What broke it, which of that is loaded by name, and how."""
        super().render_broken_contract(check)
        _print("Loaded by name:", map(_shown, check.metadata[_BY_NAME]))
        _print("What is loaded here cannot be known:", map(_told, check.metadata[_UNKNOWN]))


def _print(title: str, lines: Iterable[str]) -> None:
    escaped = [escape(printable(line)) for line in lines]  # a subscript is no mark-up of the terminal's
    if escaped:
        output.print(title)
        output.new_line()
        for line in escaped:
            output.print_error(f"- {line}", bold=False)
        output.new_line()


def _shown(load: Load) -> str:
    how = ", as a recorded run did" if load.is_recorded else ""
    return f"{load.importer} -> {load.imported} (l.{load.line}{how}): {load.text}"


def _told(load: OpaqueLoad) -> str:
    return f"{_place(load)}: {load.reason}"


def _place(load: OpaqueLoad) -> str:
    return f"{load.importer} (l.{load.line})" if load.line else load.importer


def _warning(opaque: Sequence[OpaqueLoad]) -> str:
    places = ", ".join(map(_place, opaque[:_SHOWN]))
    more = f" and {len(opaque) - _SHOWN:,} more" if len(opaque) > _SHOWN else ""
    return f"What {many(len(opaque), 'load')} by name may enter cannot be known here: {places}{more}."


def _links(held: Any) -> Iterator[tuple[str, str]]:
    """Every (importer, imported) in what a contract keeps of its check, however deep: each type has its own shape."""
    if isinstance(held, Mapping):
        if isinstance(held.get("importer"), str) and isinstance(held.get("imported"), str):
            yield held["importer"], held["imported"]
        held = held.values()
    elif isinstance(held, tuple) and len(held) == 2 and all(isinstance(name, str) for name in held):
        yield held
    elif hasattr(held, "__dict__"):
        held = vars(held).values()
    if not isinstance(held, str) and isinstance(held, Iterable):
        for inner in held:
            yield from _links(inner)
