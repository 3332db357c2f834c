"""The alerts of rule files, the unit tests that promtool would run of them, and the runbooks that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional

import yaml

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.globs import Globs, any_of

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEADING = re.compile(r"^ {0,3}(#{1,6}) +(.*?)[ #]*$", re.MULTILINE)


@dataclass(frozen=True)
class AlertRulesSettings:
    """`[facts.alert-rules]`: the rule files with the alerts, and the files with their unit tests."""

    policy_section: ClassVar[str] = "alert-rules"
    rules: Globs = ()
    """Rule files of Prometheus."""
    tests: Globs = ()
    """Files that `promtool test rules` reads."""


class AlertRule(NamedTuple):
    """One alert as a rule file has it."""

    path: str
    line: int
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class RuleTest(NamedTuple):
    """What a unit test expects of one alert: how often it fires, with which severities; `name` is the test's own."""

    path: str
    alert: str
    name: str
    severities: tuple[str, ...]
    has_series: bool


class Section(NamedTuple):
    """A part of a runbook, by its heading."""

    heading: str
    text: str


@dataclass
class AlertRules:
    """Every alert; `lacking` names the files that could not be read."""

    checkout: Checkout = field(repr=False)
    rule_files: tuple[File, ...]
    test_files: tuple[File, ...]
    unit: ClassVar[str] = "alerts"

    @classmethod
    def gather(cls, checkout: Checkout, settings: AlertRulesSettings) -> AlertRules:
        """By the globs of the policy; nothing is read until it is asked for."""
        known = [checkout.files[path] for path in sorted(checkout.files)]
        plain = [file for file in known if not file.is_symlink and not file.is_submodule]
        rules, tests = any_of(settings.rules), any_of(settings.tests)
        return cls(
            checkout,
            tuple(file for file in plain if rules.fullmatch(file.path)),
            tuple(file for file in plain if tests.fullmatch(file.path)),
        )

    @property
    def reads(self) -> tuple[str, ...]:
        """Rules, tests, and whatever could be a runbook."""
        return (*(f":(literal){file.path}" for file in (*self.rule_files, *self.test_files)), "*.md")

    @cached_property
    def digest(self) -> str:
        """Of the files, and of the runbooks that are named."""
        documents = [file for path, file in self.checkout.files.items() if path.endswith(".md")]
        return digest_of(tree_digest(self.rule_files), tree_digest(self.test_files), tree_digest(documents))

    def __len__(self) -> int:
        return len(self.alerts)

    def account(self) -> dict[str, int]:
        """How many unit tests there are of them."""
        return {"unit tests": len(self.tests)}

    @property
    def lacking(self) -> Mapping[str, str]:
        """Files that are no YAML, or not such a file."""
        return {**self._rules[1], **self._tests[1]}

    @property
    def alerts(self) -> Sequence[AlertRule]:
        """In the order of the files."""
        return self._rules[0]

    @property
    def tests(self) -> Sequence[RuleTest]:
        """In the order of the files."""
        return self._tests[0]

    def runbook(self, alert: AlertRule) -> Optional[str]:
        """The file of this repository that its runbook_url ends with; None where there is none."""
        url = alert.annotations.get("runbook_url", "").partition("#")[0]
        parts = url.split("/")
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((end for end in ends if end.endswith(".md") and end in self.checkout.files), None)

    def sections(self, path: str) -> list[Section]:
        """The parts of a runbook: heading, and what stands below it up to the next."""
        text = self.checkout.read(path).decode("utf-8", "replace")
        heads = list(_HEADING.finditer(text))
        ends = [head.start() for head in heads[1:]] + [len(text)]
        return [Section(head[2], text[head.end() : end]) for head, end in zip(heads, ends)]

    @cached_property
    def _rules(self) -> tuple[list[AlertRule], Mapping[str, str]]:
        return self._of(self.rule_files, _alerts_in)

    @cached_property
    def _tests(self) -> tuple[list[RuleTest], Mapping[str, str]]:
        return self._of(self.test_files, _tests_in)

    def _of(self, files: Sequence[File], read: Any) -> tuple[list[Any], Mapping[str, str]]:
        found: list[Any] = []
        unread: dict[str, str] = {}
        for file in files:
            content = self.checkout.read(file.path)
            try:
                for document in yaml.load_all(content, _LOADER):
                    found += read(file.path, content, document)
            except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
                unread[file.path] = (
                    f"cannot be read: {' '.join(str(error).split())[:200]}; `promtool check rules` says more"
                )
        return found, unread


def _alerts_in(path: str, content: bytes, document: Any) -> Iterator[AlertRule]:
    lines = content.decode("utf-8", "replace").split("\n")
    places = [(number, line.split(":", 1)[1].strip(" '\"")) for number, line in enumerate(lines, 1) if "alert:" in line]
    for group in document["groups"] if document else ():
        for rule in group["rules"] or ():
            if "alert" in rule:
                name = str(rule["alert"])
                line = next((number for number, called in places if called == name), 0)
                places = [place for place in places if place[0] != line]
                yield AlertRule(path, line, name, rule.get("labels") or {}, rule.get("annotations") or {})


def _tests_in(path: str, content: bytes, document: Any) -> Iterator[RuleTest]:
    for test in document["tests"] if document else ():
        for asked in test.get("alert_rule_test") or ():
            told = asked.get("exp_alerts") or ()
            severities = tuple(str((one.get("exp_labels") or {}).get("severity", "")) for one in told)
            has_series = bool(test.get("input_series"))
            yield RuleTest(path, str(asked["alertname"]), str(test.get("name", "")), severities, has_series)
