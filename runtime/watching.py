"""A service seen live on a terminal: its stages, nodes, memory and budget, out of what its /metrics say."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Optional

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from runtime.errors import RuntimeFault
from runtime.telemetry.catalogue import QUERY_BUDGET, STAGES
from runtime.telemetry.scraped import Between, Scrape, read

PATIENCE = 5.0
# The share of queries that may take longer than their budget: policies/objectives.toml, query-latency.
ALLOWED = 0.05


def scrape(url: str, token: Optional[str] = None) -> Scrape:
    """What the service says now. RuntimeFault where it does not answer, or with something else."""
    asked = urllib.request.Request(f"{url.rstrip('/')}/metrics")
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            text = answer.read().decode("utf-8", "replace")
        return read(text, time.monotonic())
    except urllib.error.HTTPError as error:
        hint = "; set LUKHAS_TOKEN to the service's token" if error.code == 401 else ""
        raise RuntimeFault(f"{url} answers {error.code} to /metrics{hint}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise RuntimeFault(f"{url} gives no metrics: {why}; is `python -m runtime serve` running there?") from None


def watch(url: str, token: Optional[str], every: float, most: Optional[int], console: Console) -> None:
    """Show it until it is interrupted, or so many times. Errors: RuntimeFault, at the first look.

    A service that goes away while it is watched is said to be away, and looked for again.
    """
    first = before = scrape(url, token)
    with Live(console=console, auto_refresh=False, screen=most is None) as live:
        shown = 0
        while most is None or shown < most:
            time.sleep(every)
            try:
                now = scrape(url, token)
            except RuntimeFault as fault:
                live.update(Panel(str(fault), title=url, border_style="red"), refresh=True)
                shown += 1
                continue
            live.update(screen(url, Between(before, now), Between(first, now)), refresh=True)
            before = now
            shown += 1


def screen(url: str, lately: Between, since: Between) -> RenderableType:
    """Everything at once: `lately` is since the last look, `since` since the first."""
    return Panel(
        Group(*_queries(lately, since), "", stages(lately), "", nodes(lately), "", memory(lately)),
        title=url,
        border_style="cyan",
    )


def _queries(lately: Between, since: Between) -> Iterator[str]:
    ended = lately.grown("matriz_queries_total", "outcome")
    rate = ", ".join(f"{many / lately.seconds:.1f} {key[0]}" for key, many in ended.items() if many)
    p95 = lately.quantile(0.95, "matriz_end_to_end_seconds").get(())
    shed = sum(lately.grown("matriz_queries_shed_total").values()) / lately.seconds
    flying = lately.after.total("matriz_queries_in_flight")
    yield f"queries a second: {rate or 'none'}, {shed:.1f} turned away; {flying:.0f} in flight"
    yield f"p95 {_milliseconds(p95)} of {QUERY_BUDGET * 1000:.0f} ms; {_budget(since)}"


def _budget(since: Between) -> str:
    """How much of what may be late was spent since the first look."""
    every = sum(since.grown("matriz_end_to_end_seconds_count").values())
    kept = since.grown("matriz_end_to_end_seconds_bucket", "le").get((repr(QUERY_BUDGET),), 0.0)
    if not every:
        return "no query yet, so nothing of the budget is spent"
    share = (every - kept) / every
    return f"{share:.1%} were late where {ALLOWED:.0%} may be: {share / ALLOWED:.2f} times the pace that lasts"


def stages(lately: Between) -> Table:
    """Attempts, latency and failures of each stage."""
    shown = _table("stage", "a second", "p50", "p95", "failed", "skipped", "hedged")
    many = lately.grown("matriz_stage_total", "stage")
    failed = lately.grown("matriz_stage_fail_total", "stage")
    skipped, hedged = (
        lately.grown("matriz_stage_skipped_total", "stage"),
        lately.grown("matriz_stage_hedges_total", "stage"),
    )
    halves = lately.quantile(0.5, "matriz_stage_duration_seconds", "stage")
    worst = lately.quantile(0.95, "matriz_stage_duration_seconds", "stage")
    for stage in STAGES:
        key = (stage,)
        shown.add_row(
            stage,
            f"{many.get(key, 0) / lately.seconds:.1f}",
            _milliseconds(halves.get(key)),
            _milliseconds(worst.get(key)),
            *(_alarming(counts.get(key, 0)) for counts in (failed, skipped)),
            f"{hedged.get(key, 0):.0f}",
        )
    return shown


def nodes(lately: Between) -> Table:
    """Who serves each stage, with which share, and whether it is left out."""
    shown = _table("stage", "node", "share", "failed", "left out", "orphans")
    picks = lately.grown("matriz_node_picks_total", "stage", "node")
    failed = lately.grown("matriz_node_fail_total", "stage", "node")
    out = lately.after.by("matriz_node_ejected", "stage", "node")
    orphans = lately.after.by("matriz_node_orphans", "stage", "node")
    for key in sorted(picks, key=lambda one: (STAGES.index(one[0]) if one[0] in STAGES else len(STAGES), one[1])):
        of_stage = sum(many for other, many in picks.items() if other[0] == key[0])
        share = f"{picks[key] / of_stage:.0%}" if of_stage else "-"
        shown.add_row(
            *key, share, _alarming(failed.get(key, 0)), "yes" if out.get(key) else "", f"{orphans.get(key, 0):.0f}"
        )
    return shown


def memory(lately: Between) -> Table:
    """What is remembered, how fast it is recalled, and what was folded."""
    shown = _table("store", "live", "cold", "recalls a second", "p95", "remembered", "folds")
    records = lately.after.by("matriz_memory_records", "store", "state")
    recalls = lately.grown("matriz_memory_recall_seconds_count", "store")
    worst = lately.quantile(0.95, "matriz_memory_recall_seconds", "store")
    new, folds = (
        lately.grown("matriz_memory_remembered_total", "store"),
        lately.grown("matriz_memory_folds_total", "store"),
    )
    for store in sorted({key[0] for key in (*records, *recalls, *new) if key[0]}):
        key = (store,)
        shown.add_row(
            store,
            f"{records.get((store, 'live'), 0):,.0f}",
            f"{records.get((store, 'cold'), 0):,.0f}",
            f"{recalls.get(key, 0) / lately.seconds:.1f}",
            _milliseconds(worst.get(key)),
            f"{new.get(key, 0):,.0f}",
            f"{folds.get(key, 0):.0f}",
        )
    return shown


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at == 0 or column == "node" else "right")
    return table


def _milliseconds(seconds: Optional[float]) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


def _alarming(many: float) -> str:
    return f"[red]{many:.0f}[/red]" if many else "0"
