"""Words in, exit code out; every command is a function of plain values."""

from __future__ import annotations

import gc
import sys
from typing import Optional

import click

from gates import __version__
from gates.cli.judging import prove, run
from gates.errors import GatesError
from gates.reporters.printable import printable


class _Commands(click.Group):
    """All of them are shown; what the others need is not imported to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._all())

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:
        return super().get_command(ctx, cmd_name) or self._all().get(cmd_name)

    def _all(self) -> dict[str, click.Command]:
        from gates.cli.advisories import advisories
        from gates.cli.bill import bill
        from gates.cli.context import context
        from gates.cli.covering import coverage
        from gates.cli.evidence import evidence
        from gates.cli.flaking import flakes
        from gates.cli.kept import cache
        from gates.cli.links import links
        from gates.cli.measuring import measure
        from gates.cli.mending import fix
        from gates.cli.mutating import mutate
        from gates.cli.observability import observability
        from gates.cli.promises import baseline, explain, init, lanes, list_gates, schemas
        from gates.cli.promoting import promote

        looking = (list_gates, explain, lanes, schemas, context, advisories, bill, observability, links)
        others = (init, baseline, coverage, flakes, measure, mutate, fix, evidence, promote, cache, *looking)
        return {**self.commands, **{command.name or "": command for command in others}}


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gates")
def gates() -> None:
    """Judge a repository by what its policies/ promise.

    A first look at a repository of yours:

    \b
      gates init      propose policies, and record today's debt
      gates run       judge it; the first new violation fails
      gates prove     show that each gate can fail here
      gates fix       mend what a gate finds, where that is certain
    """


gates.add_command(run)
gates.add_command(prove)


def main() -> int:
    """Run the command line; the exit code. What a person can mend is one line, never a traceback."""
    gc.disable()  # a short life, and syntax trees by the thousand: looking for cycles costs half of parsing them
    try:
        code = gates.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except GatesError as error:
        click.echo(f"gates: {printable(str(error))}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("gates: interrupted; what was worked out is kept", err=True)
        return 130
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            return 141
        click.echo(f"gates: {printable(str(error.filename or 'the output'))}: {error.strerror}", err=True)
        return 2
