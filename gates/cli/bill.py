"""gates bill: write the bill of materials, and what differs from another commit's lock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import opened, root_option
from gates.errors import FactUnavailable, GatesError
from gates.facts.git import GitFailed, git
from gates.facts.supply.bill_of_materials import BillOfMaterials
from gates.facts.supply.requirement_lines import lines
from gates.replay import write_if_changed
from gates.running import Run


@click.command()
@root_option
@click.option("--out", type=click.Path(path_type=Path), help="Write CycloneDX 1.6 to this file, validated once.")
@click.option("--spdx", type=click.Path(path_type=Path), help="Write SPDX 2.3 to this file.")
@click.option("--base", metavar="REF", help="Say what was added, removed and upgraded in the lock since this commit.")
def bill(folder: Path, out: Optional[Path], spdx: Optional[Path], base: Optional[str]) -> int:
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
            if found.lock is None:
                raise GatesError("there is no lock to compare with that of another commit")
            click.echo("\n".join(differences(place.checkout.root, found.lock.path, base)))
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


def differences(root: Path, path: str, base: str) -> Iterator[str]:
    """What was added, removed and upgraded in a lock since a commit, as Markdown."""
    try:
        before = git(root, "show", f"{base}:{path}").decode("utf-8", "replace")
    except GitFailed as failed:
        raise GatesError(f"{path} cannot be read at '{base}': {failed}") from None
    then, now = _versions(before), _versions((root / path).read_text("utf-8"))
    yield f"| since {base} | before | now |"
    yield "| --- | --- | --- |"
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield f"| {name} | {then.get(name, '-')} | {now.get(name, '-')} |"


def _versions(text: str) -> dict[str, str]:
    return {line.asked.name: line.asked.pinned for line in lines(text) if line.asked is not None}
