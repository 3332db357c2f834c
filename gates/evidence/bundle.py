"""The bundle of a run: report, proof, policies, one attestation a gate; its bytes follow from the input."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Callable, Optional

from gates.attestation import archive, manifest
from gates.attestation.agreement import ATTESTATIONS, BASELINE, POLICIES, PROOF, REPORT
from gates.attestation.manifest import Entry, Manifest
from gates.attestation.verify import verify_bytes
from gates.baseline import PLACE as BASELINE_PLACE
from gates.errors import GatesError
from gates.evidence.attest import attest
from gates.evidence.figures import NAME as FIGURES
from gates.evidence.writing import write_whole
from gates.facts.checkout import Checkout
from gates.own_folder import OWN_FOLDER
from gates.policy import Policy
from gates.report import Level, Report, Result
from gates.running import BASELINE as BASELINE_RESULT
from gates.running import WAIVER as WAIVER_RESULT

Render = Callable[[Report], str]
NO_COMMIT = "evidence is of a git commit, and there is none: this is no git repository, or nothing is committed in it"
ATTACHED = "attached/"
_SHOWN = 3


@dataclass(frozen=True)
class Renderers:
    """What turns a report into the files of a bundle that are made from it."""

    json: Render
    sarif: Render
    junit: Render
    lanes_json: Render
    lanes_markdown: Render
    html: Callable[[Report, Report, Mapping[str, Any]], str]

    @classmethod
    def ours(cls) -> Renderers:
        """The reporters, imported when asked for."""
        from gates.reporters import reporter
        from gates.reporters.html import page
        from gates.reporters.lane_violations import lanes_json, lanes_markdown

        return cls(reporter("json"), reporter("sarif"), reporter("junit"), lanes_json, lanes_markdown, page)


def folder_of(root: Path) -> Path:
    """Where bundles go unless somebody says otherwise: `.gates/evidence/` of the repository."""
    return root / OWN_FOLDER / "evidence"


def build(
    report: Report,
    proof: Report,
    policy: Policy,
    out: Path,
    *,
    allow_dirty: bool = False,
    checkout: Optional[Checkout] = None,
    renderers: Optional[Renderers] = None,
    attached: Iterable[Path] = (),
    native: Optional[Mapping[str, bytes]] = None,
) -> Path:
    """Write the bundle of a run and its proof, whole or not at all, and say where.

    `out` is a folder, in which the file is named after the commit; or the file itself, where it ends in `.zip`.
    `allow_dirty` accepts a work tree that differs from its commit; the bundle then claims no commit. With the
    `checkout` every dirty path counts, whether a gate looked at it or not, policy files that git does not track are
    refused, and its place is taken out of whatever reason mentions it. `attached` are files for people, which go along
    by their names and are bound to the commit like everything else; so is what is `native`
    (gates/evidence/native.py). GatesError for what is no evidence, and why.
    """
    content = bundled(
        report,
        proof,
        policy,
        allow_dirty=allow_dirty,
        checkout=checkout,
        renderers=renderers,
        attached={**(native or {}), **_read(attached)},
    )
    is_dirty = bool(report.dirty or (checkout is not None and checkout.dirty))
    name = f"evidence-{(report.commit or '')[:12]}{'-dirty' if is_dirty else ''}.zip"
    file = out if out.suffix == ".zip" else out / name
    write_whole(file, content)
    return file


def bundled(
    report: Report,
    proof: Report,
    policy: Policy,
    *,
    allow_dirty: bool = False,
    checkout: Optional[Checkout] = None,
    renderers: Optional[Renderers] = None,
    attached: Optional[Mapping[str, bytes]] = None,
) -> bytes:
    """The bytes of the bundle."""
    if checkout is not None:
        report, proof = (dataclasses.replace(told, dirty=checkout.dirty) for told in (report, proof))
    _refuse_no_evidence(report, proof, policy, allow_dirty)
    if checkout is not None and not checkout.dirty:
        _refuse_untracked(policy, checkout)
    root = checkout.root if checkout is not None else None
    report, proof = _as_evidence(report, root), _as_evidence(proof, root)
    policies = _policy_files(policy)
    rendered = {**_rendered(report, proof, renderers or Renderers.ours(), attached or {}), **(attached or {})}
    head = _manifest(report, {**policies, **rendered})
    proofs = {result.gate: result for result in proof.results}
    configuration = [entry for entry in head.files if entry.name in policies]
    evidence = [entry for entry in head.files if entry.name in rendered]
    statements = {
        f"{ATTESTATIONS}{result.gate}.json": attest(
            report, result, proofs.get(result.gate), head, configuration, evidence
        ).render()
        for result in report.results
    }
    files = {**policies, **rendered, **statements}
    try:
        content = archive.packed({**files, manifest.NAME: _manifest(report, files).render()})
    except ValueError as error:
        raise GatesError(f"the evidence cannot be bundled: {error}") from None
    for problem in verify_bytes(content).problems:
        raise GatesError(f"the evidence would not verify, so it is not written: {problem}")
    return content


def _read(attached: Iterable[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in attached:
        name = f"{ATTACHED}{file.name}"
        if name in found:
            raise GatesError(f"{file}: another file of this name is attached; rename one of them")
        try:
            found[name] = file.read_bytes()
        except OSError as error:
            raise GatesError(f"{file}: cannot be attached ({error.strerror})") from None
    return found


def _refuse_no_evidence(report: Report, proof: Report, policy: Policy, allow_dirty: bool) -> None:
    if report.commit is None or report.tree is None:
        raise GatesError(NO_COMMIT)
    if report.dirty and not allow_dirty:
        shown = ", ".join(report.dirty[:_SHOWN]) + (" ..." if len(report.dirty) > _SHOWN else "")
        differs = f"{len(report.dirty)} path{'s differ' if len(report.dirty) > 1 else ' differs'} ({shown})"
        raise GatesError(
            f"the work tree is not commit {report.commit[:12]}: {differs}; commit or stash them, or ask for evidence "
            "of a dirty tree, which claims no commit"
        )
    for key in ("commit", "tree", "dirty", "today", "version", "policies"):
        if getattr(report, key) != getattr(proof, key):
            mine, other = getattr(report, key), getattr(proof, key)
            raise GatesError(f"the proof is not of this run: its {key} is {other}, and the run's is {mine}")
    if policy.folder != report.policies:
        raise GatesError(f"the run was under {report.policies}, and the policy is {policy.folder}")
    folder = PurePosixPath(policy.folder)
    if folder.is_absolute() or ".." in folder.parts:
        raise GatesError(f"the policies lie outside the repository ({folder}), so no commit binds them")
    _refuse_part_of_a_run(report, proof, policy)


def _refuse_untracked(policy: Policy, checkout: Checkout) -> None:
    for name in sorted(policy.files):
        path = name if name == BASELINE_PLACE else f"{policy.folder}/{name}"
        if path not in checkout.files:
            raise GatesError(f"{path}: is ignored by git, so no commit binds it; take it out of .gitignore")


def _refuse_part_of_a_run(report: Report, proof: Report, policy: Policy) -> None:
    asked = [section.gate for section in policy.sections if section.rule.level is not Level.OFF]
    if not asked:
        raise GatesError("the policy asks no gate, so there is nothing to be evidence of")
    for what, told in (("run", report), ("proof", proof)):
        missing = sorted(set(asked) - {result.gate for result in told.results})
        if missing:
            raise GatesError(f"the {what} leaves out {', '.join(missing)}; evidence is of every gate of the policy")
    strangers = {result.gate for result in report.results} - {*asked, WAIVER_RESULT, BASELINE_RESULT}
    if strangers:
        raise GatesError(f"the run has results that the policy does not ask: {', '.join(sorted(strangers))}")


def _as_evidence(report: Report, root: Optional[Path]) -> Report:
    """The report without what is no function of the input: durations, notes on cache and clone, where it lies."""
    results = tuple(_without_place(result, root) for result in report.without_durations().results)
    return dataclasses.replace(report, results=results, notes=())


def _without_place(result: Result, root: Optional[Path]) -> Result:
    if root is None or result.reason is None or root == Path(root.anchor):
        return result
    return dataclasses.replace(result, reason=result.reason.replace(f"{root}/", "").replace(str(root), "."))


def _policy_files(policy: Policy) -> dict[str, bytes]:
    named = {BASELINE_PLACE: BASELINE}
    return {named.get(name, POLICIES + name): content for name, content in policy.files.items()}


def _rendered(report: Report, proof: Report, renderers: Renderers, beside: Mapping[str, bytes]) -> dict[str, bytes]:
    told: Mapping[str, Any] = json.loads(beside.get(FIGURES, b"{}"))
    texts = {
        REPORT: renderers.json(report),
        "report.sarif": renderers.sarif(report),
        "report.junit.xml": renderers.junit(report),
        "lane-violations.json": renderers.lanes_json(report),
        "lane-violations.md": renderers.lanes_markdown(report),
        "report.html": renderers.html(report, proof, told),
        PROOF: renderers.json(proof),
    }
    # A lone surrogate stands for a byte of a name that is no UTF-8; its escape is valid JSON, too.
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}


def _manifest(report: Report, files: Mapping[str, bytes]) -> Manifest:
    assert report.commit is not None
    assert report.tree is not None
    return Manifest(
        tool=report.version,
        interpreter=f"{platform.python_implementation()} {platform.python_version()}",
        today=report.today,
        commit=report.commit,
        tree=report.tree,
        base=report.base,
        dirty=report.dirty,
        files=tuple(Entry.of(name, content) for name, content in sorted(files.items())),
    )
