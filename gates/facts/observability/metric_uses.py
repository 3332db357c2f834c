"""Where metrics are used: in rules, dashboards, runbooks and code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Union

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.observability.catalogue import Telemetry
from gates.facts.observability.expressions import names_in, of_dashboard, of_document, of_rules
from gates.facts.observability.instruments import of_module
from gates.facts.observability.promql import NoPromQL, refuse_without_parser, selected
from gates.globs import Globs, any_of

RULE, DASHBOARD, RUNBOOK, CODE = "rule", "dashboard", "runbook", "code"


@dataclass(frozen=True)
class MetricUsesSettings:
    """`[facts.metric-uses]`: the files that speak of metrics. Each may be left out where there are none."""

    policy_section: ClassVar[str] = "metric-uses"
    rules: Globs = ()
    """Rule files of Prometheus: YAML."""
    dashboards: Globs = ()
    """Dashboards of Grafana: JSON."""
    runbooks: Globs = ()
    """Markdown: fenced blocks that are promql, and names between backticks."""
    code: Globs = ()
    """Python: texts that are the name of a metric."""


class Use(NamedTuple):
    """A series that is used somewhere, with the labels that it must have; `exact` where it must have no others."""

    path: str
    line: int
    kind: str
    name: str
    labels: frozenset[str]
    exact: bool = False


class Unread(NamedTuple):
    """What is no PromQL, or a series that a pattern chooses."""

    path: str
    line: int
    text: str
    why: str


@dataclass
class MetricUses:
    """Every use that is found; what a rule records is a use of what it is made from, and a name of its own."""

    checkout: Checkout = field(repr=False)
    telemetry: Telemetry = field(repr=False)
    files: Mapping[str, tuple[File, ...]]
    unit: ClassVar[str] = "uses of metrics"

    @classmethod
    def gather(cls, checkout: Checkout, telemetry: Telemetry, settings: MetricUsesSettings) -> MetricUses:
        """By the globs of the policy. FactUnavailable where what reads PromQL is not installed."""
        refuse_without_parser()
        kinds = {RULE: settings.rules, DASHBOARD: settings.dashboards, RUNBOOK: settings.runbooks, CODE: settings.code}
        known = [checkout.files[path] for path in sorted(checkout.files)]
        plain = [file for file in known if not file.is_symlink and not file.is_submodule]
        found = {}
        for kind, globs in kinds.items():
            pattern = any_of(globs)
            found[kind] = tuple(file for file in plain if pattern.fullmatch(file.path))
        found[CODE] = tuple(file for file in found[CODE] if file.path.endswith(".py"))
        return cls(checkout, telemetry, found)

    @cached_property
    def digest(self) -> str:
        """Of the files, and of the catalogue whose names are looked for."""
        return digest_of(*(f"{kind} {tree_digest(files)}" for kind, files in self.files.items()), self.telemetry.digest)

    @property
    def reads(self) -> tuple[str, ...]:
        """The files."""
        return tuple(f":(literal){file.path}" for files in self.files.values() for file in files)

    def __len__(self) -> int:
        return len(self.uses)

    def account(self) -> dict[str, int]:
        """How many in each kind of file."""
        return {f"in a {kind}": sum(1 for use in self.uses if use.kind == kind) for kind in self.files}

    @property
    def uses(self) -> tuple[Use, ...]:
        """All of them, by file."""
        return self._read[0]

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read."""
        return self._read[1]

    @property
    def recorded(self) -> frozenset[str]:
        """The names that rules give to what they record."""
        return self._read[2]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How the metrics of the catalogue begin: `matriz_`."""
        return tuple(sorted({f"{metric.name.split('_')[0]}_" for metric in self.telemetry.metrics}))

    @cached_property
    def _read(self) -> tuple[tuple[Use, ...], tuple[Unread, ...], frozenset[str]]:
        uses: list[Use] = []
        unread: list[Unread] = []
        recorded: set[str] = set()
        for kind, files in self.files.items():
            for file in files:
                content = self.checkout.read(file.path)
                if kind == CODE:
                    uses += self._of_code(file.path, content)
                    continue
                if kind == RUNBOOK:
                    uses += self._named(file.path, content)
                for found in self._of_text(kind, file.path, content, recorded):
                    if isinstance(found, Use):
                        uses.append(found)
                    else:
                        unread.append(found)
        return tuple(uses), tuple(unread), frozenset(recorded)

    def _of_code(self, path: str, content: bytes) -> Iterator[Use]:
        for named in of_module(content, self.prefixes):
            yield Use(path, named.line, CODE, named.name, named.labels or frozenset(), named.labels is not None)

    def _named(self, path: str, content: bytes) -> Iterator[Use]:
        for line, name in names_in(content):
            if name.startswith(self.prefixes):
                yield Use(path, line, RUNBOOK, name, frozenset())

    def _of_text(self, kind: str, path: str, content: bytes, recorded: set[str]) -> Iterator[Union[Use, Unread]]:
        read = {RULE: of_rules, DASHBOARD: of_dashboard, RUNBOOK: of_document}[kind]
        try:
            expressions = read(content)
        except ValueError as error:
            yield Unread(path, 0, path, str(error))
            return
        for expression in expressions:
            if expression.record is not None:
                recorded.add(expression.record)
            yield from _used(kind, path, expression.line, expression.text)


def _used(kind: str, path: str, line: int, text: str) -> Iterator[Union[Use, Unread]]:
    shown = " ".join(text.split())
    try:
        series = selected(text)
    except NoPromQL as error:
        yield Unread(path, line, shown, f"is no PromQL: {error}")
        return
    for one in series:
        if one.name is None:
            yield Unread(path, line, shown, "chooses series by a pattern of their names: which, cannot be told")
        else:
            yield Use(path, line, kind, one.name, one.labels)
