"""gates bill: write the bill of materials, and what a change does to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import opened, root_option
from gates.cli.bill_changes import licences_of, table
from gates.errors import FactUnavailable, GatesError
from gates.facts.git import GitFailed, git
from gates.facts.supply.bill_changes import changes
from gates.facts.supply.bill_of_materials import BillOfMaterials
from gates.facts.supply.requirements import locked_versions
from gates.replay import write_if_changed
from gates.running import Run


@click.command()
@root_option
@click.option("--out", type=click.Path(path_type=Path), help="Write CycloneDX 1.6 to this file, validated once.")
@click.option("--spdx", type=click.Path(path_type=Path), help="Write SPDX 2.3 to this file.")
@click.option(
    "--base", metavar="REF", help="Say what was added, removed, upgraded and put under another licence since."
)
@click.option("--was", type=click.Path(path_type=Path), help="The bill of that commit (CycloneDX), for its licences.")
def bill(folder: Path, out: Optional[Path], spdx: Optional[Path], base: Optional[str], was: Optional[Path]) -> int:
    """Write the bill of materials of the environment that is installed from the lock."""
    with opened(folder, None, None, True) as place:
        run = Run(place.policy, place.checkout, dt.date.min, place.store)
        found = run.gatherer().get(BillOfMaterials)
        try:
            cyclonedx, as_spdx = found.documents()
        except FactUnavailable as unavailable:
            raise GatesError(f"there is no bill of materials: {unavailable}") from None
        if out is not None:
            validate(cyclonedx)
        for target, content in ((out, cyclonedx), (spdx, as_spdx)):
            if target is not None:
                write_if_changed(str(target.absolute()), content)
                click.echo(f"wrote {target}: {len(found.components)} components")
        if base is not None:
            click.echo("\n".join(differences(place.checkout.root, found, base, was)))
    return 0


def validate(cyclonedx: bytes) -> None:
    """GatesError where the document is not what its schema asks for."""
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(cyclonedx.decode("utf-8"))
    except ImportError as error:
        raise GatesError(f"to validate the bill, {error.name} is needed: pip install 'lukhas-gates[supply]'") from None
    if wrong is not None:
        raise GatesError(f"the bill is not what CycloneDX's schema asks for: {str(wrong)[:300]}")


def differences(root: Path, found: BillOfMaterials, base: str, was: Optional[Path]) -> Iterator[str]:
    """What was added, removed, upgraded and put under another licence since a commit, as Markdown."""
    if found.lock is None:
        raise GatesError("there is no lock to compare with that of another commit")
    path = found.lock.path
    try:
        before = locked_versions(path, git(root, "show", f"{base}:{path}"))
    except GitFailed as failed:
        raise GatesError(f"{path} cannot be read at '{base}': {failed}") from None
    except ValueError as error:
        raise GatesError(f"{path} at '{base}' is no lock that can be read: {error}") from None
    told = {} if was is None else licences_of(was)

    def licence_before(name: str, version: str) -> Optional[str]:
        return told[name, version] if (name, version) in told else found.licence_of(name, version)

    now = locked_versions(path, (root / path).read_bytes())
    yield from table(changes(before, now, licence_before, found.licence_of), base)
