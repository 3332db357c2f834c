"""What loads code by name, source or path at run time: every loader, and which of its arguments says what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from gates.facts.extractors.loader import Loader

# The package (or, in a package's own file, the name) of the file being read: facts never know the path.
OWN = "\ufdd0own\ufdd0"


def _name(position: int = 0, keyword: str = "name", package: int = -1) -> Loader:
    return Loader("name", position, keyword, package)


def _file(position: int = 0, keyword: str = "path") -> Loader:
    return Loader("file", position, keyword)


def _opaque() -> Loader:
    return Loader("opaque", 0, "")


LOADERS: Mapping[str, Loader] = {
    "builtins.__import__": Loader("import", 0, "name"),
    "builtins.__lazy_import__": Loader("import", 0, "name"),
    "importlib.__import__": Loader("import", 0, "name"),
    "importlib._bootstrap.__import__": Loader("import", 0, "name"),
    "importlib.import_module": _name(package=1),
    "importlib.find_loader": _name(),
    "importlib.reload": Loader("module", 0, "module"),
    "importlib.util.find_spec": _name(package=1),
    "importlib.util.spec_from_file_location": _file(1, "location"),
    "importlib.util.spec_from_loader": Loader("made", 1, "loader"),
    "importlib.util.module_from_spec": Loader("made", 0, "spec"),
    "importlib.util.LazyLoader": Loader("made", 0, "loader"),
    "importlib.util.LazyLoader.factory": Loader("made", 0, "loader"),
    "importlib.util.module_for_loader": _opaque(),
    "importlib.util.set_loader": _opaque(),
    "importlib.machinery.SourceFileLoader": _file(1),
    "importlib.machinery.SourcelessFileLoader": _file(1),
    "importlib.machinery.ExtensionFileLoader": _file(1),
    "importlib.machinery.AppleFrameworkLoader": _file(1),
    "importlib.machinery.NamespaceLoader": _file(1),
    "importlib.machinery.FileFinder": _file(0),
    "importlib.machinery.FileFinder.path_hook": _opaque(),
    "importlib.machinery.PathFinder": _opaque(),
    "importlib.machinery.PathFinder.find_spec": Loader("sought", 0, "fullname"),
    "importlib.machinery.PathFinder.find_module": Loader("sought", 0, "fullname"),
    "importlib.machinery.BuiltinImporter.find_spec": _name(keyword="fullname"),
    "importlib.machinery.BuiltinImporter.load_module": _name(keyword="fullname"),
    "importlib.machinery.FrozenImporter.find_spec": _name(keyword="fullname"),
    "importlib.machinery.FrozenImporter.load_module": _name(keyword="fullname"),
    "importlib.machinery.ModuleSpec": Loader("made", 1, "loader"),
    "importlib._bootstrap._gcd_import": _name(package=1),
    "importlib._bootstrap._find_and_load": _name(),
    "importlib._bootstrap._find_spec": _name(),
    "imp.find_module": Loader("sought", 0, "name"),
    "imp.load_module": _file(2, "filename"),
    "imp.load_source": _file(1, "pathname"),
    "imp.load_compiled": _file(1, "pathname"),
    "imp.load_dynamic": _file(1, "path"),
    "imp.load_package": _file(1),
    "imp.init_builtin": _name(),
    "imp.init_frozen": _name(),
    "imp.reload": Loader("module", 0, "module"),
    "runpy.run_module": _name(keyword="mod_name"),
    "runpy._run_module_as_main": _name(keyword="mod_name"),
    "runpy.run_path": _file(0, "path_name"),
    "pkgutil.resolve_name": Loader("object", 0, "name"),
    "pkgutil.find_loader": _name(keyword="fullname"),
    "pkgutil.get_loader": _name(keyword="module_or_name"),
    "pkgutil.get_data": _name(keyword="package"),
    "pkgutil.walk_packages": Loader("walk", 1, "prefix"),
    "pkgutil.ImpImporter": _file(0),
    "pkgutil.ImpLoader": _file(2, "filename"),
    "pkgutil.get_importer": _file(0, "path_item"),
    "pkgutil.iter_importers": _name(keyword="fullname"),
    "pydoc.locate": Loader("object", 0, "path"),
    "pydoc.resolve": Loader("object", 0, "thing"),
    "pydoc.safeimport": _name(keyword="path"),
    "pydoc.importfile": _file(0),
    "pkgutil.finder.find_spec": _name(keyword="fullname"),
    "pkgutil.finder.find_module": _name(keyword="fullname"),
    "zipimport.zipimporter": _file(0),
    **{
        name: Loader("object", 0, "")
        for name in (
            "django.utils.module_loading.import_string",
            "airflow.utils.module_loading.import_string",
            "werkzeug.utils.import_string",
            "uvicorn.importer.import_from_string",
            "twisted.python.reflect.namedAny",
            "twisted.python.reflect.namedModule",
            "twisted.python.reflect.namedObject",
            "zope.dottedname.resolve.resolve",
            "kombu.utils.imports.symbol_by_name",
            "celery.utils.imports.import_from_cwd",
            "celery.utils.imports.instantiate",
            "celery.utils.imports.symbol_by_name",
            "traitlets.import_item",
            "traitlets.utils.importstring.import_item",
            "hydra.utils.get_class",
            "hydra.utils.get_method",
            "hydra.utils.get_object",
            "lazy_loader.load",
            "test.support.import_fresh_module",
            "test.support.import_helper.import_fresh_module",
            "ctypes.pythonapi.PyImport_ImportModule",
            "ctypes.pythonapi.PyImport_ImportModuleNoBlock",
        )
    },
    "builtins.exec": Loader("source", 0, "source"),
    "builtins.eval": Loader("source", 0, "source"),
    "builtins.compile": Loader("source", 0, "source"),
    "sys.modules.get": Loader("loaded", 0, "key"),
    "sys.modules.pop": Loader("loaded", 0, "key"),
    "sys.modules.__getitem__": Loader("loaded", 0, "key"),
    "sys.modules.setdefault": Loader("replaced", 0, "key"),
    "sys.modules.__setitem__": Loader("replaced", 0, "key"),
    "sys.modules.update": Loader("replaced", 0, ""),
    **{
        f"sys.path_importer_cache.{name}": Loader("replaced", 0, "")
        for name in ("__setitem__", "setdefault", "update", "__ior__")
    },
    **{
        f"importlib.abc.{kind}.{name}": _opaque()
        for kind in "Loader InspectLoader ExecutionLoader FileLoader SourceLoader ResourceLoader".split()
        for name in ("exec_module", "load_module")
    },
    "sys.modules.values": Loader("loaded", 0, ""),
    "sys.modules.items": Loader("loaded", 0, ""),
    "sys.modules.copy": Loader("loaded", 0, ""),
    "sys.modules.popitem": Loader("loaded", 0, ""),
    "builtins.__loader__.load_module": _name(keyword="fullname"),
    "builtins.__spec__.loader.load_module": _name(keyword="fullname"),
}

# Modules whose attributes are loaders: handing the whole module on hands the loaders on.
HOSTS = frozenset(
    {"importlib", "importlib.util", "importlib.machinery", "importlib._bootstrap", "importlib._bootstrap_external"}
    | {"importlib.__dict__", "importlib.util.__dict__", "builtins", "builtins.__dict__", "imp", "runpy", "pkgutil"}
    | {"pydoc", "zipimport", "sys.modules", "_imp"}
)
# Changing these changes what every later import gives.
HOOKS = frozenset({"sys.meta_path", "sys.path_hooks"})

# Whatever stands below one of these is somebody's, and nobody here knows whose.
_ANYTHING = ("builtins.object.__subclasses__.?",)
# So telling that they mean the loader whichever module they are imported from: `from compat import import_module`.
_TELLING = frozenset({"import_module", "__import__"})
TELLING_HOSTS = ("importlib", "builtins", "sys")
_PRIVATE = ("importlib._bootstrap.", "importlib._bootstrap_external.", "_imp.")
_FORMER_NAMES = {
    "_frozen_importlib": "importlib._bootstrap",
    "_frozen_importlib_external": "importlib._bootstrap_external",
    "__builtin__": "builtins",
    "pkgutil.importlib": "importlib",
    "importlib._bootstrap_external.SourceFileLoader": "importlib.machinery.SourceFileLoader",
    "importlib._bootstrap_external.PathFinder": "importlib.machinery.PathFinder",
    "importlib._bootstrap_external.FileFinder": "importlib.machinery.FileFinder",
    "builtins.__loader__.__class__": "importlib.machinery.SourceFileLoader",
    "builtins.__spec__.loader.__class__": "importlib.machinery.SourceFileLoader",
}
_TOPS = frozenset(name.split(".")[0] for name in (*LOADERS, *HOSTS, *HOOKS, *_FORMER_NAMES))
# Of a framework's many names only those that a loader's name begins with lead to it.
_FRAMEWORKS = frozenset(
    {"airflow", "celery", "ctypes", "django", "hydra", "kombu", "lazy_loader", "test", "traitlets", "twisted"}
    | {"uvicorn", "werkzeug", "zope"}
)
_ON_THE_WAY = frozenset(
    ".".join(parts[:length]) for parts in (name.split(".") for name in LOADERS) for length in range(1, len(parts) + 1)
)
# Where functions, frames and classes lead to the builtins.
_WAYS_ROUND = frozenset(
    f".{name}"
    for name in "__import__ __builtins__ __globals__ __loader__ __spec__ __subclasses__ f_builtins f_globals".split()
)
_ROOTS = (
    frozenset(
        "exec eval compile globals locals vars __import__ __lazy_import__ __builtins__ __builtin__ __loader__ "
        "__spec__".split()
    )
    | {f".{host}" for host in TELLING_HOSTS}
    | _WAYS_ROUND
)
_MODULE_NAMES = {"__file__", "__name__", "__doc__", "__path__", "__version__", "__all__"}


def canonical(name: str) -> str:
    """The one name of what can be reached under many: `compat.importlib.reload` is `importlib.reload`."""
    parts = name.split(".")
    for host in TELLING_HOSTS:
        if host in parts[1:] and (host == "importlib" or not name.startswith(".")):
            parts = parts[len(parts) - 1 - parts[::-1].index(host) :]
    if parts[0] != "builtins":  # the loader of any module is one by which others are loaded
        at = next((at for at in range(1, len(parts)) if parts[at] == "__loader__" or _is_spec(parts, at)), 0)
        parts = ["builtins", *parts[at:]] if at else parts
    while parts and parts[-1] in ("__call__", "__func__", "__wrapped__"):
        parts.pop()
    for length in (1, 2, 3, 4):
        former = _FORMER_NAMES.get(".".join(parts[:length]))
        if former:
            parts[:length] = former.split(".")
    return ".".join(parts)


def _is_spec(parts: Sequence[str], at: int) -> bool:
    return parts[at : at + 2] == ["__spec__", "loader"]


def roots(imports: Iterable[tuple[str, str]]) -> set[str]:
    """The names in a file from which a loader can be reached: builtins, and what imports bind to loaders' modules."""
    found = set(_ROOTS)
    for name, text in imports:
        module, _, attribute = text.partition(":")
        whole = imported(module, attribute) if attribute else canonical(module)
        if attribute == "*":
            found.update(name.rpartition(".")[2] for name in (*LOADERS, *HOSTS, *HOOKS))
        elif whole.endswith("()") or _may_lead_to_a_loader(whole.lstrip(".")):
            found |= {name, f".{name}"}
    return found


def _may_lead_to_a_loader(whole: str) -> bool:
    top, _, rest = whole.partition(".")
    if top in _FRAMEWORKS:
        return whole in _ON_THE_WAY
    if top == "builtins" and rest:
        return whole in LOADERS or rest in _ROOTS
    return top in _TOPS


def imported(module: str, name: str) -> str:
    """The canonical name of what `from module import name` binds."""
    whole = canonical(f"{module}.{name}")
    if name in _TELLING and whole not in LOADERS:
        return f"{whole}()"  # see loader_of: a loader under somebody else's roof
    return whole


def loader_of(name: str) -> Optional[Loader]:
    """The loader of this canonical name, or None."""
    found = LOADERS.get(name)
    if found is not None:
        return found
    if name.endswith(".import_module()"):
        return LOADERS["importlib.import_module"]
    if name.endswith(".__import__()"):
        return LOADERS["builtins.__import__"]
    if name.endswith(".?") and (name[:-2] in HOSTS or name[:-2] == "sys"):
        return Loader("opaque", 0, "")
    if name.startswith(_ANYTHING) and name.rpartition(".")[2] not in _MODULE_NAMES | {"__qualname__", "__module__"}:
        return Loader("opaque", 0, "")
    if name.startswith(_PRIVATE) and name.rpartition(".")[2] not in _MODULE_NAMES:
        return Loader("opaque", 0, "")
    return None


def spelled(name: str) -> str:
    """A loader's name as a reader would write it."""
    name = name[: -len("()")] if name.endswith("()") else name
    return name[len("builtins.") :] if name.startswith("builtins.") else name


def names_a_loader(host: str, attribute: str) -> bool:
    """Whether an attribute of this host that starts so could be a loader."""
    whole = f"{host}.{attribute}"
    return any(name.startswith(whole) for name in (*LOADERS, *HOOKS, *HOSTS, *_PRIVATE))
