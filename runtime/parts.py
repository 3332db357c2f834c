"""Each part of the service as the settings ask for it; what only some of them need is imported where it is needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, Optional

from runtime.errors import ConfigurationFault
from runtime.memory.embedding import HashedNgrams
from runtime.memory.memory import Memory
from runtime.memory.recall import Limits, cosine
from runtime.memory.relevance import Embedder
from runtime.memory.store import Store
from runtime.settings import NGRAMS, Settings
from runtime.stages import caps_of, stages_of
from runtime.telemetry.events import Observer, ignore

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Of the first records so many are embedded again when a store is opened; at least one must come out as it was kept.
LOOKED_AT = 4
SAME_EMBEDDER = 0.99


def memory_of(settings: Settings, observe: Observer = ignore) -> Memory:
    """The memory over the store that the settings name. Errors: ConfigurationFault, StoreFault."""
    embedder = embedder_of(settings.embedder)
    store = store_of(settings.store, embedder.dimension)
    try:
        _refuse_another_embedder(store, embedder, settings.embedder)
    except BaseException:
        store.close()
        raise
    return Memory(
        store,
        embedder,
        limits=Limits(context_limit=settings.context_limit, kmax=settings.kmax),
        fold_every=settings.fold_every,
        fold_above=settings.fold_above or None,
        observe=observe,
    )


def embedder_of(name: str) -> Embedder:
    """The embedder of this name, with its dimension: `ngrams`, or a library and a model. Errors: ConfigurationFault."""
    library, _, model = name.partition(":")
    if library == NGRAMS:
        return HashedNgrams()
    from runtime.memory.models import Model2VecEmbedder, SentenceTransformerEmbedder

    return Model2VecEmbedder(model) if library == "model2vec" else SentenceTransformerEmbedder(model)


def _refuse_another_embedder(store: Store, embedder: Embedder, name: str) -> None:
    """Two embedders may well have one dimension; what one has made says nothing to the other."""
    kept = [record for record in store.oldest(LOOKED_AT) if not record.depth]
    if not kept:
        return
    made = embedder.embed([record.text for record in kept])
    if max(cosine(one, record.embedding) for one, record in zip(made, kept)) < SAME_EMBEDDER:
        raise ConfigurationFault(
            f"the {store.name} store holds embeddings that {name} has not made; set LUKHAS_EMBEDDER to what has, "
            "or name another store and feed it"
        )


def store_of(url: str, dimension: int) -> Store:
    """The store at this URL. Errors: ConfigurationFault, StoreFault."""
    if url.startswith("memory:"):
        from runtime.memory.stores.in_memory import InMemoryStore

        return InMemoryStore(dimension)
    if url.startswith("sqlite:///"):
        from runtime.memory.stores.sqlite import SqliteStore

        return SqliteStore(Path(url[len("sqlite:///") :]), dimension)
    try:
        from runtime.memory.stores.postgres import PostgresStore
    except ModuleNotFoundError as error:
        raise ConfigurationFault(
            f"the store is Postgres, and {error.name} is missing: install lukhas-gates[postgres]"
        ) from None
    return PostgresStore(url, dimension)


def placement_of(settings: Settings) -> Mapping[str, Any]:
    """Which node runs where, by the file that the settings name. Errors: ConfigurationFault."""
    if settings.placement is None:
        return {}
    try:
        told = tomllib.loads(settings.placement.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationFault(f"LUKHAS_PLACEMENT: {settings.placement} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationFault(f"LUKHAS_PLACEMENT: {settings.placement} makes no sense: {error}") from None
    if settings.nats:
        told["nats"] = {"url": settings.nats, **told.get("nats", {})}
    return told


def metrics_of(settings: Settings, trace_of: Optional[Callable[[str], Optional[str]]] = None) -> Any:
    """What listens for Prometheus, with a bucket edge at each budget; `trace_of` names traces, for exemplars."""
    from runtime.telemetry.prometheus import Metrics, no_trace

    return Metrics(trace_of or no_trace, budgets=caps_of(stages_of(settings.budget)))


def spans_of(settings: Settings, observe: Observer) -> Optional[Any]:
    """What makes spans and sends them to the collector, where the settings name one. Errors: ConfigurationFault."""
    if settings.otlp is None:
        return None
    from runtime.telemetry.opentelemetry import Queued, Spans
    from runtime.telemetry.otlp import exporter_to

    exporter = exporter_to(settings.otlp, protocol=settings.otlp_protocol)
    return Spans(Queued(exporter, observe), share=settings.sampling)
