"""gates evidence: build, verify or show the bundle of a commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import (
    EXIT_CODES,
    Place,
    attach_option,
    opened,
    policies_option,
    root_option,
    strict_option,
    today_option,
)
from gates.cli.progress import progress
from gates.facts.checkout import Checkout
from gates.report import Report
from gates.reporters.verdict import verdict
from gates.running import Run
from gates.running import run as run_gates


@click.group()
def evidence() -> None:
    """Build, verify or show the evidence bundle of a commit."""


@evidence.command(epilog=EXIT_CODES)
@root_option
@policies_option
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Where [default: .gates/evidence].")
@click.option("--allow-dirty", is_flag=True, help="Of a tree that is no commit; the bundle says so.")
@attach_option
@strict_option
@today_option
def build(
    folder: Path,
    policies: Optional[Path],
    out: Optional[Path],
    allow_dirty: bool,
    attached: Sequence[Path],
    strict: bool,
    today: dt.date,
) -> int:
    """Run and prove every gate, and bind what they said to the commit."""
    with opened(folder, policies) as place:
        with progress() as observe:
            report = run_gates(
                place.policy, place.checkout, today=today, observe=observe, store=place.store, strict=strict
            )
            from gates.proving import prove

            proof = prove(place.policy, place.checkout, today=today, observe=observe, store=place.store)
        click.echo(verdict(report), err=True)
        write_bundle(report, proof, place, out or _folder(place.checkout), allow_dirty, attached)
        return report.exit_code


def _folder(checkout: Checkout) -> Path:
    from gates.evidence.bundle import folder_of

    return folder_of(checkout.root)


def write_bundle(
    report: Report, proof: Report, place: Place, out: Path, allow_dirty: bool, attached: Sequence[Path] = ()
) -> None:
    """Write the bundle of a run and its proof, and say where."""
    from gates.evidence.bundle import build as build_bundle
    from gates.evidence.native import native_outputs

    day = dt.date.fromisoformat(report.today)
    native = native_outputs(Run(place.policy, place.checkout, day, place.store))
    file = build_bundle(
        report,
        proof,
        place.policy,
        out,
        allow_dirty=allow_dirty,
        checkout=place.checkout,
        attached=attached,
        native=native,
    )
    click.echo(f"evidence: {file}", err=True)


@evidence.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--commit", metavar="SHA", help="The commit that it must be about.")
@click.option("--digest", metavar="HEX", help="The manifest digest that it must have.")
@click.option(
    "--key", metavar="FILE", type=click.Path(path_type=Path), help="The public key that must have signed it all."
)
def verify(bundle: Path, commit: Optional[str], digest: Optional[str], key: Optional[Path]) -> int:
    """Check a bundle by itself alone: 0 verified, 1 rejected, 3 could not check."""
    from gates.attestation.keys import read_public_key
    from gates.attestation.verify import verify as verify_bundle

    verification = verify_bundle(bundle, commit, digest, read_public_key(key) if key is not None else None)
    click.echo(verification.text)
    return verification.exit_code


@evidence.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--key", required=True, metavar="FILE", type=click.Path(path_type=Path),
    help="An Ed25519 private key (PEM), an SSH private key, or the public one of a key that ssh-agent holds.",
)  # fmt: skip
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Where [default: in its place].")
def sign(bundle: Path, key: Path, out: Optional[Path]) -> None:
    """Sign every attestation, and the decision that binds them all."""
    from gates.evidence.signing import sign as sign_bundle

    public = sign_bundle(bundle, key, out or bundle)
    click.echo(f"signed by {public.keyid}: {out or bundle}", err=True)


@evidence.command()
@click.argument("out", default="gates-verify.pyz", type=click.Path(path_type=Path))
def verifier(out: Path) -> None:
    """Write the verifier as one file that needs Python alone [default: gates-verify.pyz]."""
    from gates.evidence.verifier import write_verifier

    click.echo(f"verifier: {write_verifier(out)}", err=True)


@evidence.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--open", "opens", is_flag=True, help="Open its page in a browser, if it verifies.")
def show(bundle: Path, opens: bool) -> int:
    """Show what a bundle holds."""
    from gates.attestation.verify import verify as verify_bundle
    from gates.evidence.show import open_page
    from gates.evidence.show import show as show_bundle

    click.echo(show_bundle(bundle), nl=False)
    if opens:
        click.echo(f"page: {open_page(bundle)}", err=True)
    return verify_bundle(bundle).exit_code
