"""The bill of materials lacks something: a component, its origin, its licence, its hash; or a licence is not allowed.

Why: who is asked "are you affected?" or "may we ship this?" answers from the bill; what is not in it is nobody's to
answer. NTIA's minimum elements and CISA's additions are asked of every component.
Instead: install the environment from the lock and from nothing else; state the licence of a distribution whose metadata
does not (`[facts.bill] licences`); `gates bill --out bom.cdx.json` writes the bill.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.supply.bill_documents import Component
from gates.facts.supply.bill_of_materials import BillOfMaterials
from gates.facts.supply.licences import is_allowed
from gates.finding import Finding
from gates.globs import Globs, any_of

_PLANTED = "gates-planted-dependency"


@dataclass(frozen=True)
class IncompleteBill:
    """`allowed_in`: locks whose bill may be incomplete. `allow`, `deny`: licences, as SPDX identifiers with `*`.

    `unknown_licence`: whether a component of which no licence is certain "fails" or "passes". `unlocked`: installed
    distributions that no lock need have.
    """

    allowed_in: Globs = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    unknown_licence: Literal["fails", "passes"] = "fails"
    unlocked: tuple[str, ...] = ()

    def check(self, bill: BillOfMaterials) -> Iterator[Finding]:
        if bill.lacking or bill.lock is None or any_of(self.allowed_in).fullmatch(bill.lock.path):
            return  # that there is no lock, unlocked-dependency says
        path = bill.lock.path
        known = {component.name: component for component in bill.components}
        for name, (version, line, _) in sorted(bill.locked.items()):
            if name not in known:
                message = f"{name} {version} is locked, and not in the environment that the bill is of"
                yield Finding(path, line, message, subject=f"{name}: not in the bill")
            elif known[name].version != version:
                message = f"{name} is locked at {version}, and {known[name].version} is in the environment"
                yield Finding(path, line, message, subject=f"{name}: not as locked")
        for component in known.values():
            if component.name in bill.locked:
                line = bill.locked[component.name][1]
                yield from (Finding(path, line, *said) for said in self._of(component))
            elif component.name not in self.unlocked:
                message = f"{component.name} {component.version} is in the environment, and not locked"
                yield Finding(path, 0, message, subject=f"{component.name}: not locked")
        if not bill.tool_said.get("metadata", {}).get("timestamp"):
            yield Finding(path, 0, "the bill does not say when it was made", subject="no time")

    def _of(self, component: Component) -> Iterator[tuple[str, str]]:
        name = component.name
        missing = {
            "supplier": component.supplier,
            "purl": component.purl,
            "version": component.version,
            "hash": component.hashes,
            "place in the graph": component.has_dependencies,
        }
        for what, said in missing.items():
            if not said:
                yield f"{name}: the bill holds no {what} of it", f"{name}: no {what}"
        if not component.licence:
            if self.unknown_licence == "fails":
                yield f"{name}: no licence of it is certain; state it in [facts.bill] licences", f"{name}: no licence"
            return
        verdict = is_allowed(component.licence, self.allow, self.deny)
        if verdict is None:
            yield f"{name}: '{component.licence}' is no SPDX expression", f"{name}: no licence"
        elif not verdict:
            yield f"{name}: its licence, {component.licence}, is not allowed", f"{name}: {component.licence}"

    def plant(self, checkout: Checkout, bill: BillOfMaterials) -> Plant:
        """Lock one more distribution, and install nothing; where there is no lock, in one with what is installed."""
        lock = bill.lock
        path = "requirements.txt" if lock is None else lock.path
        if any_of(self.allowed_in).fullmatch(path):
            raise CannotPlant("allowed_in covers every lock: the policy forbids nothing")
        if lock is not None and lock.is_universal:
            raise CannotPlant(f"{path} is a table, to which no line can be added")
        pins = [(_PLANTED, "1.0")]
        if lock is None:
            pins += [(name, version) for name, (version, _) in sorted(bill.installed.places.items())]
        lines = "".join(f"\n{name}=={version} --hash=sha256:{'0' * 64}" for name, version in pins)
        before = checkout.read(path) if path in checkout.files else b""
        return Plant({path: before + lines.encode() + b"\n"}, path, f"{_PLANTED}: not in the bill")
