"""The one loop: build each gate, hand it its facts, collect what it finds."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, Optional

from gates import __version__, catalogue
from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Debt
from gates.baseline import line_of as line_of_debt
from gates.checks.gate import Gate
from gates.errors import FactUnavailable, GatesError, PolicyError, did_you_mean
from gates.events import FilesRead, GateFinished, GateStarted, Observer, ignore
from gates.facts.checkout import Checkout
from gates.facts.extraction import FEW_FILES, Extraction
from gates.facts.fact import Gatherer, closure, digest_of, parameters
from gates.facts.files import File
from gates.facts.lane_edges import LaneEdges
from gates.facts.modules import SUFFIXES, Modules
from gates.facts.scope import Scope
from gates.facts.store import Store
from gates.facts.supply.credentials import without_credentials
from gates.facts.today import Today
from gates.finding import UNPROVEN, Finding
from gates.number_words import counted
from gates.policy import Policy, Section, WhenBroken
from gates.policy_file import line_of_key, lines_of
from gates.replay import is_read
from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.waiver import Waiver, split

SHOWN_LINES = 500
LINE_LENGTH = 200
SHOWN_NOTES = 5
WAIVER = "waiver"
BASELINE = "baseline"


@dataclass(frozen=True)
class Run:
    """What a run is made of: the policy, the checkout, the date, where facts are kept, and who listens."""

    policy: Policy
    checkout: Checkout
    today: dt.date
    store: Store
    observe: Observer = ignore
    changed: bool = False
    workers: Optional[int] = None
    strict: bool = False

    def gatherer(self, extraction: Optional[Extraction] = None) -> Gatherer:
        """Facts of this run's checkout."""
        version = f"{catalogue.code_version()}-{sys.version_info[0]}.{sys.version_info[1]}"
        own = extraction or Extraction(
            self.checkout, self.store, version, lambda done, of: self.observe(FilesRead(done, of)), self.workers
        )
        scope = Scope(self.checkout.changed if self.changed else None)
        return Gatherer([self.checkout, self.store, Today(self.today), scope, own], self._settings)

    def _settings(self, kind: type) -> Any:
        settings: Any = self.policy.settings(kind)
        file = getattr(kind, "policy_file", None)
        place = f"{self.policy.folder}/{file or 'gates.toml'}:"
        catalogue.refuse_idle_globs(settings, place, self.checkout)
        return settings


def run(
    policy: Policy,
    checkout: Checkout,
    *,
    today: dt.date,
    observe: Observer = ignore,
    store: Optional[Store] = None,
    only: Sequence[str] = (),
    changed: bool = False,
    strict: bool = False,
    workers: Optional[int] = None,
) -> Report:
    """Ask every gate of the policy (or `only` some), and report what they found.

    Errors: PolicyError, CheckoutError. A gate that cannot tell is a result, not an error.
    """
    this = Run(policy, checkout, today, store or Store(None), observe, changed, workers, strict)
    gatherer = this.gatherer()
    asked = [(section, catalogue.build(section, checkout)) for section in chosen(policy, only)]
    _read_edited([gate for _, gate in asked], gatherer)
    questions = [ask(this, section, gate, gatherer) for section, gate in asked]
    read_ahead(questions, gatherer)
    results = [judge(this, question, gatherer) for question in questions]
    reads = _reads(policy, gatherer)
    whole = not only and not changed
    partly = {question.section.gate for question in questions if _missing(question.facts.values())}
    results += [_judge_waivers(this, results, partly), _judge_baseline(this, results)]
    if strict:
        results = [replace(result, excused=None) for result in results]
    return Report(
        version=__version__,
        results=tuple(results),
        commit=checkout.commit,
        tree=checkout.tree,
        base=_compared_with(checkout, gatherer),
        dirty=tuple(path for path in checkout.dirty if is_read(path, reads or ())),
        today=today.isoformat(),
        strict=strict,
        policies=policy.folder,
        paid_off=tuple(_paid_off(policy, results)) if whole else (),
        notes=(*_counted(checkout, gatherer, questions), *checkout.notes, *this.store.notes),
        lanes=lane_map(gatherer) if any("Lanes" in question.inputs for question in questions) else None,
        lines=_lines(checkout, results, _hidden(asked, results)),
        reads=reads,
    )


def _compared_with(checkout: Checkout, gatherer: Gatherer) -> Optional[str]:
    """The commit that was asked for, or that some gate compared with; None for the first of all."""
    diff = gatherer.named("Diff")  # by its name: most runs need none, and so not its module
    return checkout.base if diff is None else diff.commit


def _reads(policy: Policy, gatherer: Gatherer) -> Optional[tuple[str, ...]]:
    reads = gatherer.reads()
    own = (f":(literal){policy.folder}", "*.gitignore", f":(literal){BASELINE_PLACE}", ":(literal)pyproject.toml")
    return None if reads is None else (*own, *reads)


def _counted(checkout: Checkout, gatherer: Gatherer, questions: Sequence[Question]) -> tuple[str, ...]:
    """What the files of the checkout are, so that none is passed over in silence."""
    if not any(fact.unit == Modules.unit for question in questions for fact in question.facts.values()):
        return ()
    modules = gatherer.get(Modules)
    links, submodules = len(modules.links), len(modules.submodules)
    others = len(checkout.files) - len(modules) - links - submodules
    parts = ((len(modules), "modules"), (links, "symlinks"), (submodules, "submodules"))
    told = [counted(many, what) for many, what in parts if many]
    if others:
        told.append(f"{others:,} that {'is' if others == 1 else 'are'} not Python")
    return (f"{counted(len(checkout.files), 'files')}: {', '.join(told) or 'nothing'}",)


def fill(policy: Policy, checkout: Checkout, store: Store, shard: str) -> tuple[int, int]:
    """Work out what the active gates need to know of the files of one shard, "2/8", for a store that others share.

    Gives how many files were read, and how many there are. Errors: GatesError for a shard that makes no sense.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise GatesError(f"--shard is '{shard}'; it must be I/N with I from 1 to N, like 2/8")
    this = Run(policy, checkout, dt.date.min, store)
    gatherer = this.gatherer()
    questions = [
        ask(this, section, catalogue.build(section, checkout), gatherer) for section in catalogue.active(policy)
    ]
    facts = {id(fact): fact for question in questions for fact in question.facts.values()}
    wanted: dict[str, Sequence[File]] = {}
    for fact in facts.values():
        wanted.update(fact.needs() if hasattr(fact, "needs") else {})
    files = {file for some in wanted.values() for file in some}
    return gatherer.get(Extraction).fill(wanted, (int(match[1]), int(match[2]))), len(files)


def lane_map(gatherer: Gatherer) -> LaneMap:
    """The lanes as they are, for whoever wants to see them."""
    edges = gatherer.get(LaneEdges)
    return LaneMap(edges.held, {lane.name: lane.may_import for lane in edges.lanes.lanes}, edges.between)


def _hidden(asked: Iterable[tuple[Section, Gate]], results: Sequence[Result]) -> frozenset[tuple[str, int]]:
    """The lines that no report may show, whoever finds something there: a gate says that they hold secrets."""
    hiding = {section.gate for section, gate in asked if getattr(gate, "hides_lines", False)}
    found = (each for result in results if result.gate in hiding for each in result.all_findings)
    return frozenset((each.path, each.line) for each in found)


def _lines(
    checkout: Checkout, results: Sequence[Result], hidden: frozenset[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """The source lines of the first findings that stand, so that a report can show them without the repository."""
    every = ((found.path, found.line) for result in results for found in result.findings if found.line)
    places = [place for place in every if place not in hidden][:SHOWN_LINES]
    wanted: dict[str, list[int]] = {}
    for path, line in places:
        wanted.setdefault(path, []).append(line)
    lines: dict[tuple[str, int], str] = {}
    for path, numbers in wanted.items():
        try:
            text = checkout.read(path).decode("utf-8", "replace").splitlines()
        except GatesError:
            continue
        shown = ((number, without_credentials(text[number - 1])) for number in numbers if number <= len(text))
        lines.update(((path, number), line[:LINE_LENGTH]) for number, line in shown)
    return lines


def chosen(policy: Policy, only: Sequence[str]) -> list[Section]:
    """The sections that are asked for by name; all that are active where none is named. PolicyError where none is."""
    sections = catalogue.active(policy)
    if not sections:
        raise PolicyError(
            f"{policy.folder}/gates.toml: asks no gate, so nothing is promised; set a level to block or warn"
        )
    names = [section.gate for section in sections]
    for name in only:
        if name not in names:
            raise GatesError(catalogue.why_not_asked(policy, name))
    return [section for section in sections if not only or section.gate in only]


@dataclass(frozen=True)
class Question:
    """A gate with the facts it asked for; with `kept` findings where the same question was answered before."""

    section: Section
    gate: Gate
    facts: Mapping[str, Any]
    inputs: Mapping[str, str]
    digest: str = ""
    kept: Optional[bytes] = None
    unavailable: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there are no files for it to look at; a gate that looks at none is empty when any of its facts is."""
        of_files = [fact for fact in self.facts.values() if hasattr(fact, "needs")]
        return any(len(fact) == 0 for fact in of_files or self.facts.values())

    @property
    def examined(self) -> dict[str, int]:
        """How many of what each fact searched."""
        return {fact.unit: len(fact) for fact in self.facts.values()}


def ask(this: Run, section: Section, gate: Gate, gatherer: Gatherer, keep: bool = True) -> Question:
    """Gather the facts of a gate. What they hold is not worked out yet, only what they are."""
    try:
        facts: dict[str, Any] = {name: gatherer.get(kind) for name, kind in parameters(gate.check).items()}
    except FactUnavailable as unavailable:
        return Question(section, gate, {}, {}, unavailable=str(unavailable))
    inputs = {type(fact).__name__: fact.digest for fact in facts.values()}
    version = f"{catalogue.gate_version(section.gate)} {gatherer.get(Extraction).version}"
    digest = digest_of(version, section.gate, repr(gate), repr(sorted(inputs.items())))
    return Question(section, gate, facts, inputs, digest, this.store.get_one("verdict", digest) if keep else None)


def _read_edited(gates: Iterable[Gate], gatherer: Gatherer) -> None:
    """Begin with the files of an edit: by the time they are asked for, a process beside this one has read them."""
    checkout = gatherer.get(Checkout)
    edited = [checkout.files[path] for path in checkout.dirty if path.endswith(SUFFIXES) and path in checkout.files]
    modules = [file for file in edited if not file.is_symlink and not file.is_submodule]
    if not 0 < len(modules) < FEW_FILES:
        return
    kinds = closure(kind for gate in gates for kind in parameters(gate.check).values())
    extractors = {extractor for kind in kinds if hasattr(kind, "extractors") for extractor in kind.extractors()}
    gatherer.get(Extraction).prefetch([(extractor, modules) for extractor in sorted(extractors)])


def read_ahead(questions: Sequence[Question], gatherer: Gatherer) -> None:
    """Let each file be read once for all the gates that are still to be asked."""
    facts = {id(fact): fact for question in questions if question.kept is None for fact in question.facts.values()}
    wanted = [need for fact in facts.values() if hasattr(fact, "needs") for need in fact.needs().items()]
    gatherer.get(Extraction).prefetch(wanted)


def judge(this: Run, question: Question, gatherer: Gatherer, keep: bool = True) -> Result:
    """Ask one gate. Whatever it cannot tell, and whatever goes wrong within it, ends as BROKEN with the reason."""
    section = question.section
    this.observe(GateStarted(section.gate))
    began = time.perf_counter()
    try:
        result = _answer(this, question, gatherer, keep)
    except FactUnavailable as unavailable:
        result = _unsure(section, Outcome.BROKEN, str(unavailable))
    except GatesError:
        raise
    except Exception as error:  # noqa: BLE001  (one gate's fault must not hide what the others find)
        result = _unsure(section, Outcome.BROKEN, f"the gate itself failed: {type(error).__name__}: {error}")
    result = replace(result, seconds=time.perf_counter() - began)
    this.observe(GateFinished(result))
    return result


def _unsure(section: Section, outcome: Outcome, reason: str) -> Result:
    excused = 'when_broken = "warn"' if section.rule.when_broken is WhenBroken.WARN else None
    return Result(section.gate, section.rule.level, outcome, reason=reason, excused=excused, is_settled=False)


def _answer(this: Run, question: Question, gatherer: Gatherer, keep: bool) -> Result:
    if question.unavailable:
        return _unsure(question.section, Outcome.BROKEN, question.unavailable)
    if question.kept is not None:
        kept = json.loads(question.kept)
        result = _weighed(this, question, [_finding(fields) for fields in kept["findings"]], kept["account"], {})
        return replace(result, is_settled=_is_watched(question), until=_until(this, question))
    findings = sorted(question.gate.check(**question.facts), key=lambda finding: finding.place)
    reads_files = any(hasattr(fact, "needs") for fact in question.facts.values())
    errors, lacking = gatherer.get(Extraction).errors if reads_files else {}, _lacking(question.facts.values())
    unread = {**errors, **lacking}
    account = _accounted(question.facts.values())
    if keep and not unread and not this.checkout.overlay:
        verdict = json.dumps({"findings": [astuple(finding) for finding in findings], "account": account})
        this.store.put("verdict", {question.digest: verdict.encode("ascii")})
    result = _weighed(this, question, findings, account, unread)
    is_settled = (
        not errors
        and _is_watched(question)
        and all(getattr(fact, "is_settled", True) for fact in _lacking_facts(question))
    )
    is_settled = is_settled and (result.outcome is not Outcome.BROKEN or bool(lacking))
    return replace(result, is_settled=is_settled, until=_until(this, question))


def _lacking_facts(question: Question) -> list[Any]:
    return [fact for fact in question.facts.values() if getattr(fact, "lacking", {})]


def _is_watched(question: Question) -> bool:
    """Whether all that the facts looked at is seen by the memo of an unchanged tree, when it changes."""
    return all(getattr(fact, "is_watched", True) for fact in question.facts.values())


def _until(this: Run, question: Question) -> Optional[str]:
    """The last day on which the answer holds: this one, where a fact depends on the day, or what a fact says."""
    facts = question.facts.values()
    days = [this.today for fact in facts if getattr(fact, "depends_on_the_day", False)]
    days += [fact.holds_until for fact in facts if getattr(fact, "holds_until", None) is not None]
    return min(days).isoformat() if days else None


def _lacking(facts: Iterable[Any]) -> dict[str, str]:
    """What facts should have been told and were not, by path: a recording that is missing, or no longer holds."""
    return {path: why for fact in facts for path, why in getattr(fact, "lacking", {}).items()}


def _missing(facts: Iterable[Any]) -> str:
    """What facts were not told, and need not have been: a recording that the policy does not expect everywhere."""
    return "; ".join(f"{path}: {why}" for fact in facts for path, why in getattr(fact, "missing", {}).items())


def _accounted(facts: Iterable[Any]) -> dict[str, int]:
    """How the facts looked at what they count, "modules: parsed" and the like; whatever is zero is left out."""
    accounts = ((fact.unit, fact.account()) for fact in facts if hasattr(fact, "account"))
    return {f"{unit}: {look}": many for unit, account in accounts for look, many in account.items() if many}


def _finding(fields: Sequence[Any]) -> Finding:
    path, line, message, subject, column, trace, fix, verdict = fields
    return Finding(path, line, message, subject, column, tuple(trace), fix, verdict)


def _weighed(
    this: Run,
    question: Question,
    findings: Sequence[Finding],
    account: Mapping[str, int],
    unread: Mapping[str, str],
) -> Result:
    section, inputs = question.section, question.inputs
    examined = {**question.examined, **account}
    rule = section.rule
    notes = _unproven(findings)
    findings = [finding for finding in findings if finding.verdict != UNPROVEN]
    standing, waived = split(section.gate, findings, this.policy.waivers, this.today)
    new, owed = this.policy.baseline.split(section.gate, standing)
    result = Result(
        section.gate,
        rule.level,
        Outcome.PASSED,
        tuple(new),
        tuple(waived),
        tuple(owed),
        examined,
        question.digest,
        inputs=inputs,
        notes=notes,
    )
    may_be_none = {fact.unit for fact in question.facts.values() if getattr(fact, "may_be_none", False)}
    empty = [unit for unit, many in question.examined.items() if many == 0 and unit not in may_be_none]
    if empty and not new and (question.is_empty or rule.may_be_empty is None):
        return _vacuous(result, this, section, empty)
    return _declared(result, this, question, unread, bool(new))


def _declared(result: Result, this: Run, question: Question, unread: Mapping[str, str], is_failed: bool) -> Result:
    section, rule, examined, inputs = question.section, question.section.rule, result.examined, question.inputs
    reason: Optional[str] = None
    if unread:
        path, why = min(unread.items())
        reason = f"{len(unread)} of the files could not be judged; {path}: {why}"
    if rule.may_be_empty is not None and not question.is_empty:
        many = ", ".join(counted(many, unit) for unit, many in question.examined.items())
        message = f'may_be_empty says "{rule.may_be_empty}", but it looked at {many}; take it out'
        line = line_of_key(this.policy.files.get("gates.toml", b""), f"[gates.{section.gate}]", "may_be_empty")
        idle = Finding(f"{this.policy.folder}/gates.toml", line, message, subject=f"{section.gate} may_be_empty")
        return replace(result, outcome=Outcome.FAILED, findings=(idle, *result.findings), reason=reason)
    if is_failed:
        return replace(result, outcome=Outcome.FAILED, reason=reason)
    if reason is not None:
        unsure = _unsure(section, Outcome.BROKEN, reason)
        return replace(unsure, examined=examined, digest="", inputs=inputs, notes=result.notes)
    missing = _missing(question.facts.values())
    if missing and this.strict:
        return replace(_unsure(section, Outcome.BROKEN, missing), examined=examined, digest="", inputs=inputs)
    return replace(result, reason=f"judged without {missing}") if missing else result


def _unproven(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What is told and fails nothing, each with its place; of a long list the beginning."""
    told = [f"{found.path}:{found.line}: {found.message}" for found in findings if found.verdict == UNPROVEN]
    more = len(told) - SHOWN_NOTES
    return (*told[:SHOWN_NOTES], f"and {more:,} more like it") if more > 0 else tuple(told)


def _vacuous(result: Result, this: Run, section: Section, empty: Sequence[str]) -> Result:
    reason = f"there are no {' and no '.join(empty)} to look at"
    if section.rule.may_be_empty is not None:
        return replace(result, reason=f"{reason}; declared empty: {section.rule.may_be_empty}")
    excused = "--changed: no changed file concerns it" if this.changed else None
    return replace(result, outcome=Outcome.VACUOUS, reason=reason, excused=excused)


def _could_tell(results: Iterable[Result]) -> dict[str, Result]:
    return {result.gate: result for result in results if result.outcome in (Outcome.PASSED, Outcome.FAILED)}


def _judge_waivers(this: Run, results: Sequence[Result], partly: Container[str] = ()) -> Result:
    """Waivers that have expired, or cover nothing that their gate finds, are findings of their own.

    A gate of which something may be missing, and is (`partly`), may find what they cover where it is there.
    """
    place = f"{this.policy.folder}/waivers.toml"
    told = _could_tell(results)
    findings: list[Finding] = []
    notes: list[str] = []
    lines = lines_of(this.policy.files.get("waivers.toml", b""), "[[waiver]]", len(this.policy.waivers))
    for line, waiver in zip(lines, this.policy.waivers):
        if waiver.has_expired(this.today):
            message = f"the waiver of {waiver.what} expired on {waiver.expires} ({waiver.owner}, {waiver.ticket})"
            findings.append(Finding(place, line, message, subject=f"expired: {waiver.what}"))
        elif waiver.gate in told and not this.changed and not _covers_something(waiver, told[waiver.gate]):
            if waiver.gate in partly:
                notes.append(f"the waiver of {waiver.what} covers nothing that was found without the recording")
                continue
            message = f"the waiver of {waiver.what} covers nothing; take it out"
            findings.append(Finding(place, line, message, subject=f"covers nothing: {waiver.what}"))
    outcome = Outcome.FAILED if findings else Outcome.PASSED
    digest = digest_of(repr(this.policy.waivers), this.today.isoformat())
    examined = {"waivers": len(this.policy.waivers)}
    return Result(WAIVER, Level.BLOCK, outcome, tuple(findings), examined=examined, digest=digest, notes=tuple(notes))


def _covers_something(waiver: Waiver, result: Result) -> bool:
    return any(waiver is cover for _, cover in result.waived)


def _judge_baseline(this: Run, results: Sequence[Result]) -> Result:
    """Debt recorded for a gate that does not exist, or that the policy does not ask, is owed to nobody."""
    known = catalogue.catalogue()
    owing = {debt.gate for debt in this.policy.baseline.debts}
    asked = {section.gate for section in catalogue.active(this.policy)}
    reasons = {name: f"is no gate{did_you_mean(name, known)}" for name in owing - set(known)}
    reasons.update((name, "the policy does not ask any more") for name in owing & set(known) - asked)
    content = this.policy.files.get(BASELINE_PLACE, b"")
    findings = [
        Finding(BASELINE_PLACE, line_of_debt(content, name), f"holds debt of '{name}', which {why}", subject=name)
        for name, why in sorted(reasons.items())
    ]
    gone = sum(debt.count for debt in _paid_off(this.policy, results)) if not this.changed else 0
    notes = (f"{gone} paid off; `gates baseline` takes them out of {BASELINE_PLACE}",) if gone else ()
    outcome = Outcome.FAILED if findings else Outcome.PASSED
    examined = {"debts": len(this.policy.baseline)}
    digest = digest_of(this.policy.baseline.render())
    return Result(BASELINE, Level.BLOCK, outcome, tuple(findings), examined=examined, digest=digest, notes=notes)


def _paid_off(policy: Policy, results: Sequence[Result]) -> list[Debt]:
    told = _could_tell(results)
    return [debt for gate, result in told.items() for debt in policy.baseline.paid_off(gate, result.owed)]
