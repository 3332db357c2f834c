"""python -m runtime: serve, ask, feed, forget, plugins, describe, drill, drive, top, worker."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # Ctrl-C ends the process, as a kill may: what was acknowledged is kept. Python's own way raises wherever it stands,
    # and out of an import comes a traceback. What is to be ended well (serve, worker) listens for it, once it is there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import asyncio
import datetime as dt
import gc
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Optional, cast

from runtime.errors import ConfigurationFault, PluginFault, QueryRefused, RecordRefused, RuntimeFault
from runtime.settings import VARIABLES, Settings, from_environment, misspelt, told

if TYPE_CHECKING:
    from runtime.feeding import Fed

OK, NOT_HELD, MAKES_NO_SENSE, AT_FAULT = range(4)
EXIT_CODES = """exit codes:
  0  done
  1  no answer was given, a document was left out, or a drill showed that a promise does not hold
  2  the command line, a setting or the question makes no sense
  3  a part of the service is at fault: a store, a plugin, a server
"""
# Before numpy is imported: its threads wait for each other by spinning, which on a machine that is busy costs twenty
# times the product itself; queries are what is done side by side here.
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
DEFAULT_RECORD = Path(".gates/recordings/drills.json")
TELEMETRY_RECORD = Path(".gates/recordings/telemetry.json")
# Settings that the command line may say, too.
TOLD = ("host", "port", "store")

log = logging.getLogger("runtime")


def main(words: Optional[Sequence[str]] = None) -> int:
    """The exit code. Whatever a person can mend is one line on standard error."""
    options = _parser().parse_args(words)
    for variable in BLAS_THREADS:
        os.environ.setdefault(variable, "1")
    logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        return cast(int, asyncio.run(options.run(options)))
    except (ConfigurationFault, QueryRefused) as fault:
        return _said(fault, MAKES_NO_SENSE)
    except RuntimeFault as fault:
        return _said(fault, AT_FAULT)
    except ModuleNotFoundError as error:
        return _said(f"the module {error.name} is missing; install lukhas-gates[runtime]", AT_FAULT)
    except BrokenPipeError:
        # Whoever read has left; without this the interpreter would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130


def _said(fault: object, code: int) -> int:
    print(f"runtime: {fault}", file=sys.stderr)
    return code


async def _serve(options: argparse.Namespace) -> int:
    from runtime.app import opened, started
    from runtime.listening import server_of, sockets_of
    from runtime.service import Service
    from runtime.telemetry.events_log import EventsLog

    settings = _settings(options)
    sockets = sockets_of(settings.host, settings.port)
    try:
        app = await started(await opened(settings, [EventsLog(as_json=False)], required=("node",), start=False))
    except BaseException:
        for each in sockets:
            each.close()
        raise
    for fault in app.faults():
        log.warning("not ready: %s", fault)
    # What is there now stays: to look at all of it again, each full collection would hold every query up for 20 ms.
    gc.collect()
    gc.freeze()
    service = Service(app, token=settings.token, body_limit=settings.body_limit, text_limit=settings.text_limit)
    await server_of(service, settings.drain, lambda url: print(f"serving at {url}", flush=True)).serve(sockets)
    return OK


async def _ask(options: argparse.Namespace) -> int:
    from runtime.answer import document_of
    from runtime.app import opened
    from runtime.telemetry.opentelemetry import Kept, Spans
    from runtime.terminal import shown

    kept = Kept()
    spans = Spans(kept, share=1.0)
    # A first query in a cold process imports and compiles on its way: the budget of a service is not asked of it.
    settings = _settings(options)
    settings = settings._replace(budget=options.budget or max(1.0, settings.budget))
    app = await opened(settings, [spans])
    try:
        outcome = await app.ask(" ".join(options.text))
        for fault in app.faults() if outcome.name == "failed" else ():
            log.warning("not ready: %s", fault)
    finally:
        await app.close()
        spans.close()
    document = document_of(outcome)
    if options.json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(shown(document, kept.records)))
    if outcome.name == "failed":
        return AT_FAULT
    return OK if document["answer"] else NOT_HELD


async def _feed(options: argparse.Namespace) -> int:
    from runtime.app import opened
    from runtime.feeding import Fed
    from runtime.reading import documents, name_of, text_of

    app = await opened(_settings(options), start=False)
    left_out = 0
    total = Fed(0)
    try:
        adapter: Any = app.registry.resolve("adapter:documents")
        for path in documents(options.paths, adapter.suffixes):
            try:
                fed = app.feed(name_of(path), adapter.passages(text_of(path)))
            except (ConfigurationFault, RecordRefused) as fault:
                left_out += 1
                log.error("left out: %s", fault if str(path) in str(fault) else f"{path}: {fault}")
                continue
            total = Fed(*map(sum, zip(total, fed)))
            print(f"{fed.passages:6,}  {path}{_changes(fed)}")
        sizes = app.memory.sizes()
    finally:
        await app.close()
    gone = f", {total.gone:,} withdrawn" if total.gone else ""
    back = f", {total.back:,} brought back" if total.back else ""
    print(f"{total.new:6,}  new passages remembered{back}{gone}; {sizes.live:,} are live in {app.memory.store.name}")
    return NOT_HELD if left_out else OK


def _changes(fed: Fed) -> str:
    """What has changed of a document that was fed before."""
    counted = [(fed.new, "new"), (fed.back, "brought back"), (fed.gone, "withdrawn")]
    if fed.new == fed.passages and not fed.gone:
        return ""
    return "  " + (", ".join(f"{count:,} {what}" for count, what in counted if count) or "as it was")


async def _forget(options: argparse.Namespace) -> int:
    from runtime.app import opened
    from runtime.reading import name_of

    app = await opened(_settings(options), start=False)
    unknown = 0
    try:
        for path in options.paths:
            gone = app.feed(name_of(path), ()).gone
            unknown += not gone
            print(f"{gone:6,}  {path}" + ("" if gone else "  nothing of it is recalled"))
    finally:
        await app.close()
    return NOT_HELD if unknown else OK


async def _plugins(options: argparse.Namespace) -> int:
    from runtime.app import opened

    settings = _settings(options)._replace(store="memory:")
    app = await opened(settings, required=options.require, start=False)
    document = dict(app.plugins())
    await app.close()
    if options.record is not None:
        from runtime.driving import booted, write

        write(booted(settings, document), options.record)
    app.registry.check_required()  # also where discovery is off, and nobody has looked
    if options.json:
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(_plugin_lines(document)))
    return OK


def _plugin_lines(document: dict[str, Any]) -> Iterator[str]:
    from runtime.terminal import table

    columns = ("plugin", "lane", "state", "route")
    rows = [[str(record[column] or "") for column in columns] + [record["reason"] or record["note"] or ""]
            for record in document["plugins"]]  # fmt: skip
    yield from table([*columns, ""], rows)
    yield ""
    discovery = document["discovery"]
    lanes = ", ".join(document["lanes"])
    yield f"{len(document['registered'])} registered, discovery {discovery['mode']}, lanes {lanes}"


async def _describe(options: argparse.Namespace) -> int:
    from runtime.stages import caps_of, stages_of
    from runtime.telemetry.catalogue import describe
    from runtime.terminal import table

    if options.telemetry:  # nothing of it depends on what is installed, and so nothing is opened
        stages = stages_of(_settings(options).budget)
        known = {"schema": 1, "catalogue": describe(caps_of(stages)), "stages": [stage.name for stage in stages]}
        print(json.dumps(known, indent=2))
        return OK
    from runtime.app import opened

    app = await opened(_settings(options)._replace(store="memory:"), start=False)
    document = {
        "schema": 1,
        "catalogue": describe(caps_of(app.stages)),
        "plugins": app.plugins(),
        "stages": app.stage_rows(),
        "budget_seconds": app.settings.budget,
        "switches": [
            {"flag": flag, "value": decision.value, "reason": decision.reason}
            for flag, decision in app.switches.states().items()
        ],
        "settings": [{"variable": one.name, "meaning": one.meaning} for one in VARIABLES],
    }
    await app.close()
    if options.json:
        print(json.dumps(document, indent=2))
        return OK
    catalogue = cast("dict[str, Any]", document["catalogue"])
    metrics = [[metric["name"], metric["kind"], metric["help"]] for metric in catalogue["metrics"]]
    served = cast("list[dict[str, Any]]", document["stages"])
    rows = [[one["stage"], "critical" if one["critical"] else "", ", ".join(one["nodes"])] for one in served]
    print("\n".join([*table(["metric", "kind", ""], metrics), "", *table(["stage", "", "nodes"], rows)]))
    return OK


async def _drill(options: argparse.Namespace) -> int:
    from runtime.drilling import drilled
    from runtime.driving import PACKAGE, sources
    from runtime.guardian.drills import record_of, write
    from runtime.terminal import table

    settings = _settings(options)._replace(store="memory:", switches=None)
    verdicts = await drilled(settings, options.drills, options.queries, options.tolerance)
    at = dt.datetime.now(dt.timezone.utc)
    record = record_of(verdicts, at, settings.budget, options.tolerance, sources(PACKAGE))
    write(record, options.record)
    rows = [
        [
            verdict.drill.name,
            "critical" if verdict.drill.critical else "",
            ", ".join(sorted(set(verdict.outcomes))),
            f"{verdict.worst_seconds * 1000:.0f}",
            "-" if verdict.recovered_after is None else f"{verdict.recovered_after * 1000:.0f}",
            "BROKEN: " + "; ".join(verdict.broken) if verdict.broken else "held",
        ]
        for verdict in verdicts
    ]
    print("\n".join(table(["drill", "", "outcome", "worst ms", "recovered ms", "verdict"], rows)))
    print(f"\n{record['verdict']}; the record is {options.record}")
    return OK if record["verdict"] == "held" else NOT_HELD


async def _drive(options: argparse.Namespace) -> int:
    from runtime.driving import driven, write

    recording = await driven(_settings(options), options.queries)
    write(recording, options.record)
    spans = sum(recording["spans"].values())
    print(f"{options.queries:,} queries, {spans:,} spans, {len(recording['series'])} series; in {options.record}")
    return OK


async def _top(options: argparse.Namespace) -> int:
    from rich.console import Console

    from runtime.watching import watch

    settings = _settings(options)
    url = options.url or f"http://{settings.host}:{settings.port}"
    try:
        watch(url, settings.token, options.every, options.times, Console())
    except KeyboardInterrupt:
        return OK
    return OK


async def _worker(options: argparse.Namespace) -> int:
    from runtime.app import opened

    settings = _settings(options)
    if not settings.nats:
        raise ConfigurationFault("LUKHAS_NATS is not set; a worker is asked over NATS: nats://HOST:4222")
    try:
        from runtime.orchestrator.placement.nats_worker import serve_nodes
    except ModuleNotFoundError as error:
        raise ConfigurationFault(f"{error.name} is missing: install lukhas-gates[nats]") from None
    app = await opened(settings._replace(placement=None), required=("node",))
    try:
        app.registry.check_required()
        nodes = [node for plugin, node in app.plugged if not options.nodes or plugin in options.nodes]
        for name in options.nodes:
            if name not in [plugin for plugin, _ in app.plugged]:
                raise PluginFault(f"node:{name} is not loaded; there is {', '.join(p for p, _ in app.plugged)}")
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ready = f"serving {', '.join(node.name for node in nodes)} at NATS"
        await serve_nodes(
            nodes, settings.nats, stop=stop, grace=settings.drain, observe=app.observe,
            ready=lambda: print(ready, flush=True),
        )  # fmt: skip
    finally:
        await app.close()
    return OK


def _settings(options: argparse.Namespace) -> Settings:
    settings = told(from_environment(os.environ), {name: getattr(options, name, None) for name in TOLD})
    for line in misspelt(os.environ):
        log.warning(line)
    budget = getattr(options, "budget", None)
    return settings if budget is None else settings._replace(budget=budget)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and where more is said."""
        print(f"{self.prog}: {message} ({self.prog} --help says more)", file=sys.stderr)
        raise SystemExit(MAKES_NO_SENSE)


def _parser() -> argparse.ArgumentParser:
    width = max(len(one.name) for one in VARIABLES)
    variables = "\n".join(f"  {one.name:{width}}  {one.meaning}{_default(one.field)}" for one in VARIABLES)
    parser = _Parser(
        prog="python -m runtime",
        description="The reference service.",
        epilog=f"{EXIT_CODES}\nsettings, from the environment:\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="warning", help="what is logged [default: warning]")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=_Parser)

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=about, description=about, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        added.set_defaults(run=run)
        return cast(argparse.ArgumentParser, added)

    serve = command("serve", _serve, "listen for queries, until SIGTERM")
    serve.add_argument("--host", help="instead of LUKHAS_HOST")
    serve.add_argument("--port", help="instead of LUKHAS_PORT")
    ask = command("ask", _ask, "one query end to end in this process; no server is needed")
    ask.add_argument("text", nargs="+", help="the question")
    ask.add_argument("--json", action="store_true", help="the document that the service would send")
    ask.add_argument("--budget", type=_seconds, help="seconds that it may take [default: LUKHAS_BUDGET, at least 1]")
    ask.add_argument("--store", help="instead of LUKHAS_STORE")
    feed = command("feed", _feed, "remember documents: Markdown and text, in passages; anew where they were fed before")
    feed.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="files, or folders of them")
    feed.add_argument("--store", help="instead of LUKHAS_STORE")
    forget = command("forget", _forget, "withdraw all passages of documents; they are kept, and recalled no more")
    forget.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="as they were fed; they need not be there")
    forget.add_argument("--store", help="instead of LUKHAS_STORE")
    plugins = command("plugins", _plugins, "what is plugged in, and what became of it")
    plugins.add_argument("--json", action="store_true", help="the document of /system/plugins")
    plugins.add_argument("--record", type=Path, metavar="FILE", help="write down what the boot made of each")
    plugins.add_argument(
        "--require", action="append", default=[], metavar="NAME", help="fail without it: a kind, or kind:name"
    )
    describe = command("describe", _describe, "metrics and spans, plugins, stages and switches")
    describe.add_argument("--json", action="store_true", help="all of it, as JSON")
    describe.add_argument(
        "--telemetry", action="store_true", help="metrics, spans and stages alone, as the gates read it"
    )
    drill = command("drill", _drill, "brownout drills: slow, failing, stuck and missing dependencies, with a verdict")
    drill.add_argument("drills", nargs="*", metavar="DRILL", help="a stage, a fault, or STAGE/FAULT [default: all]")
    drill.add_argument("--queries", type=_count, default=3, help="queries a drill [default: 3]")
    drill.add_argument("--budget", type=_seconds, help="seconds that a query may take [default: LUKHAS_BUDGET]")
    drill.add_argument("--tolerance", type=_seconds, default=0.05, help="seconds past the budget [default: 0.05]")
    drill.add_argument("--record", type=Path, default=DEFAULT_RECORD, help=f"the record [default: {DEFAULT_RECORD}]")
    drive = command("drive", _drive, "queries through the real pipeline, and a record of every span and metric")
    drive.add_argument("--queries", type=_count, default=20, help="how many [default: 20]")
    drive.add_argument(
        "--record", type=Path, default=TELEMETRY_RECORD, help=f"the record [default: {TELEMETRY_RECORD}]"
    )
    top = command("top", _top, "a running service, live: stages, nodes, memory and budget")
    top.add_argument("url", nargs="?", metavar="URL", help="its address [default: LUKHAS_HOST and LUKHAS_PORT]")
    top.add_argument("--every", type=_seconds, default=1.0, help="seconds between two looks [default: 1]")
    top.add_argument("--times", type=_count, help="end after so many looks [default: never]")
    worker = command("worker", _worker, "serve nodes to others over NATS, until SIGTERM")
    worker.add_argument("nodes", nargs="*", metavar="NODE", help="names of nodes [default: all that are loaded]")
    return parser


def _default(field: str) -> str:
    default = getattr(Settings(), field)
    return "" if default is None else f" [default: {default}]"


def _path(word: str) -> Path:
    if not word:
        raise argparse.ArgumentTypeError("an empty path; a dot is the folder where it is called")
    return Path(word)


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{word} is no number of seconds above 0, up to 600")
    return seconds


def _count(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 10_000:
        raise argparse.ArgumentTypeError(f"'{word}' is no number from 1 to 10,000")
    return int(word)


if __name__ == "__main__":
    sys.exit(main())
