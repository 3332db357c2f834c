"""gates observability: rules, dashboard and configurations that follow from the objectives and the catalogue."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import click

from gates.cli.asked import Place, opened, policies_option, root_option
from gates.errors import GatesError
from gates.number_words import many
from gates.reporters.printable import printable

if TYPE_CHECKING:
    from gates.facts.observability.catalogue import Telemetry, TelemetrySettings

_EXIT_CODES = """\b
Exit codes: 0 written, or nothing differs; 1 something differs; 2 the policy,
the catalogue or the command line makes no sense."""


@click.command(epilog=_EXIT_CODES)
@root_option
@policies_option
@click.option("--check", is_flag=True, help="Say what differs from what would be written, and write nothing.")
def observability(folder: Path, policies: Optional[Path], check: bool) -> int:
    """Write observability/ from policies/objectives.toml and the service's catalogue of metrics and spans.

    Prometheus rules and their unit tests, the Grafana dashboard, and what Prometheus, Alertmanager and the
    OpenTelemetry collector are told.
    """
    from gates.facts.observability.catalogue import TelemetrySettings
    from gates.facts.observability.objectives import Objectives
    from gates.observability.writing import drifted, generated, write
    from gates.running import Run

    with opened(folder, policies, cache=False) as place:
        gatherer = Run(place.policy, place.checkout, dt.date.min, place.store).gatherer()
        promised = gatherer.get(Objectives).policy
        if not (promised.objective or promised.alert):
            raise GatesError(f"{place.policy.folder}/objectives.toml: promises nothing, so nothing follows from it")
        telemetry = _telemetry(place, gatherer.get(TelemetrySettings))
        files = generated(promised, telemetry)
        if check:
            lines = list(drifted(files, place.checkout.root))
            for line in lines:
                click.echo("\n".join(map(printable, line.split("\n"))))
            click.echo(
                f"{many(len(files), 'file')}, {len(lines)} not as they follow" + ("; write them anew" * bool(lines))
            )
            return 1 if lines else 0
        written = write(files, place.checkout.root)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"{many(len(files), 'file')}, {len(files) - len(written)} as they were")
    return 0


def _telemetry(place: Place, settings: TelemetrySettings) -> Telemetry:
    """From the file as it lies there: one that was just written need not be tracked yet."""
    from gates.facts.observability.catalogue import Telemetry, read

    try:
        content = (place.checkout.root / settings.catalogue).read_bytes()
        return Telemetry(place.checkout, settings, content, read(content))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise GatesError(f"{settings.catalogue}: {why}; run `{settings.made_by}`") from None
