"""A stage of the pipeline says nothing of itself when it runs.

Why: a stage that makes no span, or is counted by no metric, is missing from every trace and every alert. Nobody sees
that it is slow, and its absence looks like health.
Instead: let the pipeline tell its observers of each attempt, and drive the service once more: the recording that this
gate reads holds every span and every series that counted anything while queries went through the real pipeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.observability.catalogue import Telemetry
from gates.facts.observability.driven_run import DrivenRun
from gates.finding import Finding

STAGE = "<stage>"


@dataclass(frozen=True)
class SilentStage:
    """`spans`: what each stage must have been seen as, `<stage>` standing for its name. `metrics`: what must have
    counted it, by the `label` that names the stage."""

    spans: tuple[str, ...] = ("stage.<stage>",)
    metrics: tuple[str, ...] = ()
    label: str = "stage"
    needs: ClassVar[tuple[str, ...]] = ("what the service says of itself, in [facts.telemetry]",)

    def check(self, telemetry: Telemetry, driven_run: DrivenRun) -> Iterator[Finding]:
        if driven_run.lacking:
            return
        for stage in telemetry.stages:
            for span in self.spans:
                if not driven_run.spans.get(span.replace(STAGE, stage)):
                    yield _silent(telemetry, stage, f"the span {span.replace(STAGE, stage)}")
            for metric in self.metrics:
                if stage not in self._counted(driven_run, metric):
                    yield _silent(telemetry, stage, f'{metric}{{{self.label}="{stage}"}}')

    def plant(self, telemetry: Telemetry, driven_run: DrivenRun) -> Plant:
        """A recording of the files as they are, in which all was heard but one stage."""
        stage, others = telemetry.stages[0], telemetry.stages[1:]
        spans = {span.replace(STAGE, one): 1 for span in self.spans for one in telemetry.stages}
        series = {metric: [{self.label: one} for one in telemetry.stages] for metric in self.metrics}
        if self.spans:
            span = self.spans[0].replace(STAGE, stage)
            del spans[span]
            subject = f"{stage}: the span {span}"
        elif self.metrics:
            series[self.metrics[0]] = [{self.label: one} for one in others]
            subject = f'{stage}: {self.metrics[0]}{{{self.label}="{stage}"}}'
        else:
            raise CannotPlant("neither a span nor a metric is asked for: the policy forbids nothing")
        # (of a service of one stage nothing else would be heard, and such a recording tells nothing)
        heard = driven_run.rendered({**spans, "gates.planted": 1}, series)
        return Plant({driven_run.settings.file: heard}, telemetry.place, subject)

    def _counted(self, driven_run: DrivenRun, metric: str) -> set[str]:
        named = (sets for name, sets in driven_run.series.items() if _is_of(name, metric))
        return {one[self.label] for sets in named for one in sets if self.label in one}


def _is_of(series: str, metric: str) -> bool:
    return series == metric or series in (f"{metric}_count", f"{metric}_sum", f"{metric}_bucket")


def _silent(telemetry: Telemetry, stage: str, what: str) -> Finding:
    message = f"the stage {stage} was driven, and {what} was not heard of"
    return Finding(telemetry.place, 0, message, subject=f"{stage}: {what}")
