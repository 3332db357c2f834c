"""One page of HTML that needs nothing else: its style is in it, and nothing is loaded, and nothing runs."""

from __future__ import annotations

import base64
import hashlib

from gates.reporters.markup import Child, Markup, element

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --paper: #fff; --line: #d1d9e0; --box: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --odd: #8a4600; --link: #0550ae }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --paper: #0d1117; --line: #3d444d;
  --box: #151b23; --good: #3fb950; --bad: #ff7b72; --odd: #e3a04f; --link: #79c0ff } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 0 auto; padding: 1.5rem }
a { color: var(--link) } a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem }
h1 { font-size: 1.3rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
.verdict { border-left: .4rem solid var(--good); padding: .5rem 1rem; background: var(--box); font-size: 1.05rem }
.verdict.failed { border-color: var(--bad) } .verdict.unsure { border-color: var(--odd) }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 600 }
.number { text-align: right; font-variant-numeric: tabular-nums }
.passed { color: var(--good) } .failed, tr.forbidden td { color: var(--bad) } .broken, .vacuous { color: var(--odd) }
.outcome { font-weight: 600; white-space: nowrap } .soft { color: var(--soft) }
code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { background: var(--box); padding: .4rem .7rem; margin: .3rem 0;
  overflow-x: auto } li { margin: .5rem 0 } summary { cursor: pointer; padding: .2rem 0 }
.wide { overflow-x: auto } dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
svg.lanes { max-width: 100%; height: auto } svg rect { fill: var(--box); stroke: var(--line) }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; paint-order: stroke; stroke: var(--paper);
  stroke-width: 4 }
svg .name, svg .count { stroke: none }
svg .name, svg .count { text-anchor: middle } svg .name { font-weight: 600 }
svg .count { fill: var(--soft); font-size: 11px } svg g > path { fill: none; stroke: var(--soft); stroke-width: 1.5 }
svg .forbidden > path { stroke: var(--bad); stroke-width: 3 } svg .forbidden text { fill: var(--bad); font-weight: 600 }
svg .head path { fill: var(--soft); stroke: none } svg .head.forbidden path { fill: var(--bad) }
svg.timing .axis, svg.timing .trend { fill: none; stroke: var(--soft); stroke-width: 1.5 }
svg.timing rect { stroke: none } svg.timing .kept { fill: var(--good) } svg.timing .over { fill: var(--odd) }
svg.timing circle { fill: var(--ink); stroke: var(--paper) }
svg.timing .limit { fill: none; stroke: var(--bad); stroke-width: 2 }
@media print { details { display: block } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
# Nothing is loaded and nothing runs: what a finding quotes could not do anything, were it not escaped.
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


def document(title: str, *body: Child) -> str:
    """The page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        Markup(f"<style>{_STYLE}</style>"),
    )
    return f"<!doctype html>\n{element('html', head, element('body', *body), lang='en')}\n"
