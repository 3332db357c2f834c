"""Everything that an entry point may name: one class, function or object a shape, and the services they ask for."""

from __future__ import annotations

import abc
import functools
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, Callable, Generic, NamedTuple, NewType, Optional, Protocol, TypeVar, Union

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from nowhere import Unimportable  # type: ignore[import-not-found]

T = TypeVar("T")
Folder = NewType("Folder", str)


class Store:
    """A service found by its type."""


class SmallStore(Store):
    """A service of a type below another."""


class Clock(Protocol):
    """A service found by its members."""

    zone: str

    def now(self) -> float: ...


class WallClock:
    def __init__(self) -> None:
        self.zone = "UTC"

    def now(self) -> float:
        return 1.0


class Meta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        made.met = True
        return made


class MetaWithArguments(type):
    def __call__(cls, store: Store) -> Any:
        made = super().__call__()
        made.store = store
        return made


class MadeByMetaclass(metaclass=Meta):
    met = False

    def __init__(self, store: Store) -> None:
        self.store = store


class AskedByMetaclass(metaclass=MetaWithArguments):
    store: Store


class AProtocol(Protocol):
    def handle(self, store: Store) -> None: ...


class FitsAProtocol(AProtocol):
    def handle(self, store: Store) -> None:
        """Inherits the constructor that a Protocol has in its place."""


class Abstract(abc.ABC):
    @abc.abstractmethod
    def handle(self) -> None: ...

    @abc.abstractmethod
    def close(self) -> None: ...


class AbstractWithFactory(abc.ABC):
    @abc.abstractmethod
    def handle(self) -> None: ...

    @classmethod
    def create(cls, store: Store) -> AbstractWithFactory:
        return Concrete(store)


class Concrete(AbstractWithFactory):
    def __init__(self, store: Store) -> None:
        self.store = store

    def handle(self) -> None: ...


class PositionalOnly:
    def __init__(self, limit: int = 7, store: Optional[Store] = None, /) -> None:  # type: ignore[misc, unused-ignore]
        self.limit, self.store = limit, store


class KeywordOnly:
    def __init__(self, *, store: Store, limit: int = 7) -> None:
        self.store, self.limit = store, limit


class AnyKeywords:
    def __init__(self, **options: object) -> None:
        self.options = options


class AnyArguments:
    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments


class ShapeOfADictionary(TypedDict):
    store: str


class ATuple(NamedTuple):
    store: Store
    limit: int = 7


@dataclass
class ADataclass:
    store: Store
    seed: InitVar[int] = 3
    limit: int = 7

    def __post_init__(self, seed: int) -> None:
        self.limit += seed


def function(store: Store) -> KeywordOnly:
    return KeywordOnly(store=store)


async def async_function(store: Store) -> KeywordOnly:
    return KeywordOnly(store=store)


def function_that_asks_for_more(store: Store, model: str) -> None: ...


def gives_nothing(store: Store) -> None: ...


class AsyncFactory:
    def __init__(self, store: Store, connection: object) -> None:
        self.store, self.connection = store, connection

    @classmethod
    async def create(cls, store: Store) -> AsyncFactory:
        return cls(store, connection="open")


class FactoryThatTurnsOutAsync:
    def __init__(self, connection: object) -> None:
        self.connection = connection

    @classmethod
    def create(cls) -> Any:
        return cls._connected()

    @classmethod
    async def _connected(cls) -> FactoryThatTurnsOutAsync:
        return cls("open")


class EitherOf:
    def __init__(self, store: Union[Store, WallClock, None], other: Optional[ADataclass]) -> None:
        self.store, self.other = store, other


class Unresolvable:
    def __init__(self, store: Unimportable, clock: Clock) -> None:
        self.store, self.clock = store, clock


class OnlyNew:
    store: Store

    def __new__(cls, store: Store) -> OnlyNew:
        made = super().__new__(cls)
        made.store = store
        return made


class FromServices:
    @classmethod
    def from_services(cls, services: Mapping[str, object]) -> FromServices:
        made = cls()
        made.names = sorted(services)
        return made

    names: Sequence[str] = ()


class FromConfig:
    def __init__(self, store: Store, limit: int) -> None:
        self.store, self.limit = store, limit

    @classmethod
    def from_config(cls, config: Mapping[str, int], store: Store) -> FromConfig:
        return cls(store, config["limit"])

    @classmethod
    def create(cls, store: Store) -> FromConfig:
        return cls(store, 1)


class BuildIsAMethod:
    """What it calls `build` is its work, not a factory."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def build(self, store: Store) -> str:
        return "a house"


class AsksForWhatIsNotThere:
    def __init__(self, store: Store, model: str, budget: float) -> None: ...


class ByName:
    def __init__(self, store, folder: Folder, on_event: Callable[[], None]) -> None:  # type: ignore[no-untyped-def]
        self.store, self.folder, self.on_event = store, folder, on_event


class Unsaid(dict):  # type: ignore[type-arg]
    __init__ = dict.update


class Echo(Generic[T]):
    def __init__(self, store: Store) -> None:
        self.store = store


class ByClock:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock


partial = functools.partial(KeywordOnly, limit=9)
partial_with_its_own_store = functools.partial(KeywordOnly, store=SmallStore())
instance = AnyKeywords(built="already")
