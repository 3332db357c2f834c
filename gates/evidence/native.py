"""What a bundle holds beside what was judged: recordings, bill, signatures and figures, as their makers wrote them."""

from __future__ import annotations

import posixpath

from gates.errors import FactUnavailable
from gates.evidence import figures
from gates.evidence import inputs as own_inputs
from gates.evidence.recordings import NATIVE, recordings
from gates.facts.coverage_debt import PLACE as COVERAGE_DEBT
from gates.facts.diff import Diff
from gates.facts.fact import Gatherer
from gates.facts.interfaces import Interfaces, render
from gates.facts.promotion_policy import PromotionPolicy
from gates.facts.supply.bill_changes import changes
from gates.facts.supply.bill_of_materials import BillOfMaterials
from gates.facts.supply.requirements import locked_versions
from gates.running import Run

INTERFACES, RECORDED = f"{NATIVE}interfaces.json", f"{NATIVE}interfaces-recorded.json"
BILL = f"{NATIVE}bom.cdx.json"


def native_outputs(run: Run) -> dict[str, bytes]:
    """By name in the bundle. What cannot be had is left out; the figures say why."""
    gatherer = run.gatherer()
    listed, files = recordings(run, gatherer)
    told = figures.figures(gatherer, listed)
    files.update(_interfaces(run, gatherer))
    bill, told["bill"] = _bill(run, gatherer)
    files.update(bill)
    if COVERAGE_DEBT in run.checkout.files:
        files[f"{NATIVE}{posixpath.basename(COVERAGE_DEBT)}"] = run.checkout.read(COVERAGE_DEBT)
    return {**files, figures.NAME: figures.render(told), own_inputs.NAME: own_inputs.inputs(run, gatherer)}


def _interfaces(run: Run, gatherer: Gatherer) -> dict[str, bytes]:
    if not run.policy.settings(PromotionPolicy).module:
        return {}
    try:
        interfaces = gatherer.get(Interfaces)
        found = {INTERFACES: render(interfaces.now)}
    except FactUnavailable:  # premature-promotion says so
        return {}
    return found if interfaces.content is None else {**found, RECORDED: interfaces.content}


def _bill(run: Run, gatherer: Gatherer) -> tuple[dict[str, bytes], dict[str, object]]:
    if not any(section.gate == "incomplete-bill" for section in run.policy.sections):
        return {}, {"lacking": "no gate of the policy asks for a bill of materials"}
    try:
        found = gatherer.get(BillOfMaterials)
        cyclonedx, _ = found.documents()
        told = {"components": len(found.components), **_since_the_base(run, gatherer, found)}
    except FactUnavailable as unavailable:
        return {}, {"lacking": str(unavailable)}
    return {BILL: cyclonedx}, told


def _since_the_base(run: Run, gatherer: Gatherer, found: BillOfMaterials) -> dict[str, object]:
    """What the change did to the lock that the bill is of; nothing where there is nothing to compare with."""
    if found.lock is None:
        return {}
    diff, path = gatherer.get(Diff), found.lock.path
    before = diff.before(path)
    try:
        was = locked_versions(path, before or b"")
        now = locked_versions(path, run.checkout.read(path))
    except ValueError as error:
        raise FactUnavailable(f"{path}: is no lock that can be compared ({error})") from None
    licences = {(each.name, each.version): each.licence for each in found.components}
    rows = [
        {
            "name": each.name,
            "kind": each.kind,
            "before": list(each.before),
            "now": list(each.now),
            "licence": sorted({licence for licence in each.licences_now if licence}),
        }
        for each in changes(was, now, lambda *release: licences.get(release), lambda *release: licences.get(release))
        if each.before != each.now
    ]
    return {"base": diff.base, "lock": path, "changes": rows}
