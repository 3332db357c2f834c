"""What the service is told from outside, read once: one frozen value, and one line for each that makes no sense."""

from __future__ import annotations

import difflib
import ipaddress
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, NamedTuple, Optional, TypeVar

from runtime.errors import ConfigurationFault

LANES = ("production", "integration", "candidate")
FORMER_LANES = {"prod": "production", "canary": "integration"}
DISCOVERIES = ("auto", "off")
NGRAMS = "ngrams"
MODELS = ("model2vec", "sentence-transformers")

T = TypeVar("T")


class Settings(NamedTuple):
    """Times are seconds, sizes are bytes. `lane` is the widest that is loaded; see `lanes`.

    `store` is a URL: `sqlite:///PATH`, `postgresql://...`, or `memory:`. `embedder` is `ngrams`, which needs no model,
    or a library and a model of it. `token` guards everything but health. `otlp` is the collector that spans go to by
    `otlp_protocol`; without one, none are made. `sampling` is the share of traces that is recorded. `placement` is a
    file that says which node runs where; `nats` the server of those that run elsewhere. `switches` is the file of the
    kill-switches and rollouts.
    """

    discovery: str = "auto"
    lane: str = "production"
    host: str = "127.0.0.1"
    port: int = 8080
    token: Optional[str] = None
    budget: float = 0.25
    in_flight: int = 1000
    drain: float = 10.0
    body_limit: int = 64 * 1024
    text_limit: int = 8192
    store: str = "sqlite:///lukhas-memory.db"
    embedder: str = NGRAMS
    passages: int = 8
    context_limit: int = 1000
    kmax: int = 200
    fold_every: int = 1000
    fold_above: int = 10_000
    duplicates: str = "shadow"
    otlp: Optional[str] = None
    otlp_protocol: str = "http/protobuf"
    sampling: float = 0.05
    nats: Optional[str] = None
    placement: Optional[Path] = None
    switches: Optional[Path] = None

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes whose plugins are loaded: each adds to the one before it."""
        return LANES[: LANES.index(self.lane) + 1]

    @property
    def beyond_loopback(self) -> bool:
        """Whether others than this machine can reach the address."""
        return not _is_loopback(self.host)


class Variable(NamedTuple):
    """One line of `python -m runtime --help`: which variable sets which field, read how."""

    name: str
    field: str
    read: Callable[[str], object]
    meaning: str


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables ask for. Errors: ConfigurationFault, which names the variable and its value.

    An empty variable counts as one that is not set.
    """
    read = {
        variable.field: _value(variable, environment[variable.name])
        for variable in VARIABLES
        if environment.get(variable.name)
    }
    return checked(Settings(**read))  # type: ignore[arg-type]


def checked(settings: Settings) -> Settings:
    """The same, where its fields make sense together. Errors: ConfigurationFault."""
    if settings.beyond_loopback and not settings.token:
        raise ConfigurationFault(
            f"LUKHAS_HOST is {settings.host!r}, which others can reach, and LUKHAS_TOKEN is not set; set a token of 16 "
            "characters or more, or bind 127.0.0.1"
        )
    return settings


def told(settings: Settings, words: Mapping[str, Optional[str]]) -> Settings:
    """The same with some fields as the command line says them; None says nothing. Errors: ConfigurationFault."""
    fields = {variable.field: variable for variable in VARIABLES}
    read = {
        field: _value(fields[field], word, f"--{field.replace('_', '-')}")
        for field, word in words.items()
        if word is not None
    }
    return checked(settings._replace(**read))  # type: ignore[arg-type]


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """A line for each variable that is nearly one of ours: it would be ignored without a word."""
    known = [variable.name for variable in VARIABLES]
    lines = []
    for name in sorted(environment):
        if name.startswith("LUKHAS_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
            lines += [f"{name} is no setting; did you mean {other}?" for other in near]
    return lines


def _value(variable: Variable, word: str, name: Optional[str] = None) -> object:
    try:
        return variable.read(word)
    except ValueError as error:
        shown = "set to what cannot be used" if variable.field == "token" else repr(_without_password(word))
        raise ConfigurationFault(f"{name or variable.name} is {shown}; use {error}") from None


def _without_password(word: str) -> str:
    """A URL that is refused may hold one: between its scheme and the last @ all is left out."""
    scheme, mark, rest = word.partition("://")
    _, at, place = rest.rpartition("@")
    return f"{scheme}://...@{place}" if mark and at else word


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return word

    return read


def _lane(word: str) -> str:
    return _one_of(LANES)(FORMER_LANES.get(word, word))


def _number(least: float, most: float, unit: str) -> Callable[[str], float]:
    def read(word: str) -> float:
        wanted = ValueError(f"{unit} from {least:g} to {most:g}")
        try:
            number = float(word)
        except ValueError:
            raise wanted from None
        if not (math.isfinite(number) and least <= number <= most):
            raise wanted
        return number

    return read


def _whole(least: int, most: int, unit: str = "") -> Callable[[str], int]:
    def read(word: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) <= 12 and least <= int(word) <= most):
            raise ValueError(f"a whole number{unit} from {least} to {most}")
        return int(word)

    return read


def _token(word: str) -> str:
    if len(word) < 16 or not word.isascii() or not word.isprintable() or " " in word:
        raise ValueError("16 or more printable ASCII characters without a space")
    return word


def _url(*schemes: str) -> Callable[[str], str]:
    def read(word: str) -> str:
        if not word.startswith(schemes):
            raise ValueError(f"a URL that begins with {' or '.join(schemes)}")
        return word

    return read


def _store(word: str) -> str:
    _url("sqlite:///", "postgresql://", "postgres://", "memory:")(word)
    if word.startswith("memory:") and word != "memory:":
        raise ValueError("memory: alone; nothing of it is kept, so it has no name")
    path = word[len("sqlite:///") :] if word.startswith("sqlite:///") else "some"
    if not path or path.endswith("/") or ":memory:" in path:
        raise ValueError("sqlite:///PATH with the path of a file, or memory: for what may be forgotten")
    return word


def _embedder(word: str) -> str:
    library, _, model = word.partition(":")
    if word != NGRAMS and not (library in MODELS and model):
        raise ValueError(f"{NGRAMS}, or {' or '.join(f'{library}:MODEL' for library in MODELS)}")
    return word


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


VARIABLES = (
    Variable("LUKHAS_PLUGIN_DISCOVERY", "discovery", _one_of(DISCOVERIES), "auto finds plugins by entry point, or off"),
    Variable("LUKHAS_LANE", "lane", _lane, "the widest lane that is loaded: production, integration or candidate"),
    Variable("LUKHAS_HOST", "host", str, "the address to listen on"),
    Variable("LUKHAS_PORT", "port", _whole(0, 65535), "the port to listen on; 0 takes a free one"),
    Variable("LUKHAS_TOKEN", "token", _token, "the bearer token; needed when others can reach the address"),
    Variable("LUKHAS_BUDGET", "budget", _number(0.001, 60, "seconds"), "seconds that one query may take"),
    Variable("LUKHAS_IN_FLIGHT", "in_flight", _whole(1, 100_000, " of queries"), "queries at once, before any is shed"),
    Variable("LUKHAS_DRAIN", "drain", _number(0, 600, "seconds"), "seconds for what is in flight when told to stop"),
    Variable("LUKHAS_BODY_LIMIT", "body_limit", _whole(64, 2**30, " of bytes"), "bytes of a request"),
    # As much as a recall reads.
    Variable("LUKHAS_TEXT_LIMIT", "text_limit", _whole(1, 20_000, " of characters"), "characters of a question"),
    Variable("LUKHAS_STORE", "store", _store, "where records are kept: sqlite:///PATH, postgresql://..., or memory:"),
    Variable("LUKHAS_EMBEDDER", "embedder", _embedder, "ngrams, model2vec:MODEL or sentence-transformers:MODEL"),
    Variable("LUKHAS_PASSAGES", "passages", _whole(1, 200, " of passages"), "passages recalled for a question"),
    Variable(
        "LUKHAS_CONTEXT_LIMIT", "context_limit", _whole(1, 10**9, " of records"), "up to as many, all are weighed"
    ),
    Variable("LUKHAS_KMAX", "kmax", _whole(1, 10**6, " of records"), "the most records that a recall weighs past that"),
    Variable("LUKHAS_FOLD_EVERY", "fold_every", _whole(0, 10**9, " of calls"), "calls between two folds; 0 for never"),
    Variable(
        "LUKHAS_FOLD_ABOVE", "fold_above", _whole(0, 10**9, " of records"), "live records past which is folded; 0: none"
    ),
    Variable("LUKHAS_DUPLICATES", "duplicates", _one_of(("error", "shadow")), "two plugins of one name: error in CI"),
    Variable("LUKHAS_OTLP", "otlp", _url("http://", "https://"), "the collector that spans go to, by OTLP"),
    Variable("OTEL_EXPORTER_OTLP_PROTOCOL", "otlp_protocol", str, "http/protobuf, or grpc with the extra of its name"),
    Variable("LUKHAS_SAMPLING", "sampling", _number(0, 1, "a share"), "the share of traces that is recorded"),
    Variable("LUKHAS_NATS", "nats", _url("nats://", "tls://"), "the NATS server on which nodes are asked"),
    Variable("LUKHAS_PLACEMENT", "placement", Path, "a TOML file that says which node runs where"),
    Variable("LUKHAS_SWITCHES", "switches", Path, "the file of kill-switches and rollouts"),
)
