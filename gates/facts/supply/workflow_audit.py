"""What zizmor finds in the workflows: offline, every file counted, and a planted workflow found each time."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.store import Store
from gates.facts.supply.tools import Done, Tool, Tools
from gates.facts.supply.workflows import FOLDER, Workflows

_REMEDY = "it needs Python 3.11 or newer: pip install 'lukhas-gates[supply]' there"
_FLAGS = ("--offline", "--strict-collection", "--no-progress", "--format", "json-v1")
_ENDED = frozenset({0, 10, 11, 12, 13, 14})  # nothing found, and found by severity; 1 and 2 are errors
_CONFIGURATIONS = ("zizmor.yml", "zizmor.yaml", ".github/zizmor.yml", ".github/zizmor.yaml")
_COMPLETED = re.compile(r"completed (?P<path>.+?)\s*$", re.MULTILINE)
_CANARY = f"{FOLDER}/gates-canary.yml"
_CANARY_TEXT = b"""on: pull_request_target
permissions: {}
jobs:
  canary:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""
_CANARY_IDENT = "template-injection"
_LONGEST = 60
SEVERITIES = ("informational", "low", "medium", "high")


class Audited(NamedTuple):
    """One finding of zizmor's. `where` is its way through the file without the numbers of steps."""

    path: str
    line: int
    column: int
    ident: str
    severity: str
    message: str
    where: str


@dataclass
class WorkflowAudit:
    """zizmor's findings; kept by the digest of the workflows, its configuration and its version."""

    checkout: Checkout = field(repr=False)
    workflows: Workflows
    store: Store = field(repr=False)
    tool: Optional[Tool]
    why_not: str = ""
    unit: ClassVar[str] = "workflows by zizmor"
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(cls, checkout: Checkout, workflows: Workflows, store: Store, tools: Tools) -> WorkflowAudit:
        """The tool is identified; it is started when it is asked."""
        try:
            return cls(checkout, workflows, store, tools.get("zizmor", r"zizmor v?(\d+\.\d+\.\d+)", _REMEDY))
        except FactUnavailable as unavailable:
            return cls(checkout, workflows, store, None, str(unavailable))

    @cached_property
    def digest(self) -> str:
        """Of the workflows, the configuration, and the tool with its version and flags."""
        tool = self.tool.version if self.tool else f"none {self.why_not} {sys.version_info[:2]}"
        return digest_of(tree_digest(self.workflows.candidates), tree_digest(self._configuration), tool, repr(_FLAGS))

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the configuration; the workflows are said by themselves."""
        return tuple(f":(literal){path}" for path in _CONFIGURATIONS)

    def __len__(self) -> int:
        return len(self.workflows) if self.tool else 0

    def account(self) -> dict[str, int]:
        """What comments in the workflows set aside."""
        return {"set aside by zizmor's own comments": sum(1 for each in self._answer[0] if each["ignored"])}

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why zizmor said nothing that can be believed."""
        return {"zizmor": self._answer[1]} if len(self.workflows) and self._answer[1] else {}

    @property
    def is_settled(self) -> bool:
        """Whether what lacks is the program: it lacks for as long as it is not brought."""
        return self.tool is None

    @cached_property
    def findings(self) -> tuple[Audited, ...]:
        """By path and line; what comments of zizmor's own set aside is left out."""
        found = [_audited(each) for each in self._answer[0] if not each["ignored"]]
        return tuple(sorted(found))

    @property
    def _configuration(self) -> tuple[Any, ...]:
        return tuple(self.checkout.files[path] for path in _CONFIGURATIONS if path in self.checkout.files)

    @cached_property
    def _answer(self) -> tuple[list[Any], str]:
        """zizmor's findings as it gives them, and why there are none."""
        if self.tool is None:
            return [], self.why_not
        kept = self.store.get_one("zizmor", self.digest)
        if kept is not None:
            return json.loads(kept), ""
        try:
            found = self._asked(self.tool)
        except FactUnavailable as unavailable:
            return [], str(unavailable)
        self.store.put("zizmor", {self.digest: json.dumps(found).encode()})
        return found, ""

    def _asked(self, tool: Tool) -> list[Any]:
        unparsed = self.workflows.lacking
        paths = [file.path for file in self.workflows.files if file.path not in unparsed]
        with self.checkout.materialised([*paths, *(file.path for file in self._configuration)]) as folder:
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
            (folder / _CANARY).write_bytes(_CANARY_TEXT)
            done = tool.run([*_FLAGS, "."], folder)
        return reconciled(done, {*paths, _CANARY})


def reconciled(done: Done, expected: set[str]) -> list[Any]:
    """The findings, once it is certain that every file was audited and the planted workflow was found."""
    if done.code not in _ENDED:
        raise FactUnavailable(f"zizmor ended with {done.code}: {done.last_words}")
    audited = {path.removeprefix("./") for path in _COMPLETED.findall(done.said)}
    if audited != expected:
        odd = sorted(audited ^ expected)[0]
        raise FactUnavailable(f"zizmor audited {len(audited)} files of {len(expected)}; {odd} is in one list only")
    try:
        found = json.loads(done.printed)
        idents = {each["ident"] for each in found if _path(each) == _CANARY}
        if _CANARY_IDENT not in idents:
            raise FactUnavailable("zizmor does not find what was planted for it; its configuration may switch it off")
        return [each for each in found if _path(each) != _CANARY]
    except (ValueError, LookupError, TypeError) as error:
        raise FactUnavailable(f"what zizmor printed is not what version 1 of its format says: {error}") from None


def _path(found: Mapping[str, Any]) -> str:
    path: str = _primary(found)["symbolic"]["key"]["Local"]["verbatim_path"]
    return path.removeprefix("./")


def _primary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    locations = found["locations"]
    first: Mapping[str, Any] = next((each for each in locations if each["symbolic"]["kind"] == "Primary"), locations[0])
    return first


def _audited(found: Mapping[str, Any]) -> Audited:
    primary = _primary(found)
    start = primary["concrete"]["location"]["start_point"]
    route = [step["Key"] for step in primary["symbolic"]["route"]["route"] if "Key" in step]
    feature = primary["concrete"]["feature"].strip().partition("\n")[0][:_LONGEST]
    return Audited(
        _path(found),
        start["row"] + 1,
        start["column"] + 1,
        found["ident"],
        found["determinations"]["severity"].lower(),
        f"{found['desc']}: {primary['symbolic']['annotation']}",
        f"{'.'.join(map(str, route))} {feature}".strip(),
    )
