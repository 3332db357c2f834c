"""What loads code in a roundabout way: commands, patches, search paths, source as text, settings of frameworks.

Unlike the loaders of loaders.py these are used every day for what concerns no lane. A call of one is a site only where
it names something of the tree, or where it is plain that code is loaded and not which.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from gates.facts.extractors.loader import Loader

_DOT = re.compile(r"\.")


def _of(kind: str, position: int = 0, keyword: str = "") -> Loader:
    return Loader(kind, position, keyword, is_roundabout=True)


def _all(names: str, loader: Loader) -> dict[str, tuple[Loader, ...]]:
    return dict.fromkeys(names.split(), (loader,))


def _of_source(names: str, *places: tuple[int, str]) -> dict[str, tuple[Loader, ...]]:
    loaders = tuple(_of("source", position, keyword) for position, keyword in places)
    return dict.fromkeys(names.split(), loaders)


LAUNCHERS: Mapping[str, tuple[Loader, ...]] = {
    # a command: its words in a list, or as a line of a shell
    **_all(
        "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen",
        _of("command", 0, "args"),
    ),
    **_all("subprocess.getoutput subprocess.getstatusoutput os.popen", _of("command", 0, "cmd")),
    **_all("os.system invoke.run fabric.run", _of("command", 0, "command")),
    **_all("asyncio.create_subprocess_shell asyncio.subprocess.create_subprocess_shell", _of("command", 0, "cmd")),
    **_all("os.execv os.execve os.execvp os.execvpe", _of("command", 1, "args")),
    **_all("os.posix_spawn os.posix_spawnp", _of("command", 1, "argv")),
    **_all("os.spawnv os.spawnve os.spawnvp os.spawnvpe", _of("command", 2, "args")),
    **_all("pty.spawn", _of("command", 0, "argv")),
    **_all(
        "anyio.run_process anyio.open_process trio.run_process pexpect.spawn pexpect.run", _of("command", 0, "command")
    ),
    **_all("pytest.main", _of("of pytest", 0, "args")),
    **_all("uvicorn.main", _of("of uvicorn", 0, "args")),
    **_all("django.core.management.execute_from_command_line", _of("of env", 0, "argv")),
    # the same, each word an argument
    **_all("asyncio.create_subprocess_exec asyncio.subprocess.create_subprocess_exec", _of("words", 0)),
    **_all("os.execl os.execle os.execlp os.execlpe", _of("words", 1)),
    **_all("os.spawnl os.spawnle os.spawnlp os.spawnlpe", _of("words", 2)),
    # something in a module, by its dotted name
    **_all("unittest.mock.patch mock.patch unittest.mock._importer mock._importer", _of("object", 0, "target")),
    **_all("unittest.mock.patch.multiple mock.patch.multiple", _of("object?", 0, "target")),
    **_all("unittest.mock.patch.dict mock.patch.dict", _of("object?", 0, "in_dict")),
    **_all("pytest.MonkeyPatch.setattr pytest.MonkeyPatch.delattr", _of("object", 0, "target")),
    **_all(
        "unittest.TestLoader.loadTestsFromName unittest.defaultTestLoader.loadTestsFromName", _of("object", 0, "name")
    ),
    **_all("django.urls.include django.conf.urls.include", _of("object?", 0, "arg")),
    **_all("uvicorn.run uvicorn.Config hypercorn.run granian.Granian", _of("object?", 0, "app")),
    **_all("celery.signature celery.execute.send_task", _of("object", 0, "varies")),
    # modules by their names
    **_all("multiprocessing.set_forkserver_preload", _of("names", 0, "module_names")),
    **_all("lazy_loader.attach", _of("attached", 0, "package_name")),
    **_all("pytest.importorskip", _of("name", 0, "modname")),
    **_all("unittest.main unittest.TestProgram", _of("name", 0, "module")),
    **_all(
        "unittest.TestLoader.loadTestsFromNames unittest.defaultTestLoader.loadTestsFromNames", _of("names", 0, "names")
    ),
    **_all("doctest.DocTestSuite doctest.testsource doctest.debug", _of("name?", 0, "module")),
    **_all("pydoc.render_doc pydoc.doc pydoc.writedoc pydoc.help", _of("name?", 0, "thing")),
    **_all("xml.sax.make_parser", _of("names", 0, "parser_list")),
    **_all("xml.dom.getDOMImplementation", _of("name?", 0, "name")),
    **_all("lib2to3.refactor.RefactoringTool", _of("names", 0, "fixer_names")),
    **_all("pickle.Unpickler.find_class", _of("name", 0, "module")),
    **_all(
        "pickle.loads pickle.load _pickle.loads _pickle.load cloudpickle.loads dill.loads", _of("pickled", 0, "data")
    ),
    **_all("celery.Celery", _of("names", 99, "include")),
    **_all("jinja2.PackageLoader jinja2.loaders.PackageLoader", _of("name", 0, "package_name")),
    **{
        f"{host}.{name}": (_of("name", 0, "package"),)
        for host in ("importlib.resources", "importlib_resources")
        for name in "contents files is_resource open_binary open_text path read_binary read_text".split()
    },
    **{
        f"pkg_resources.resource_{name}": (_of("name", 0, "package_or_requirement"),)
        for name in "exists filename isdir listdir stream string".split()
    },
    # folders from which modules are imported from now on
    **_all("builtins.__path__.append", _of("folder", 0, "object")),
    **_all("builtins.__path__.insert", _of("folder", 1, "object")),
    **_all("builtins.__path__.extend", _of("folders", 0, "iterable")),
    **_all("pkgutil.extend_path", _of("name", 1, "name")),
    **_all("importlib.util.spec_from_file_location", _of("folders", 99, "submodule_search_locations")),
    **_all("sys.path.append", _of("folder", 0, "object")),
    **_all("sys.path.insert", _of("folder", 1, "object")),
    **_all("sys.path.extend sys.path.__iadd__", _of("folders", 0, "iterable")),
    **_all("site.addsitedir", _of("folder", 0, "sitedir")),
    **_all("pytest.MonkeyPatch.syspath_prepend", _of("folder", 0, "path")),
    **_all("unittest.TestLoader.discover unittest.defaultTestLoader.discover", _of("folder", 0, "start_dir")),
    # variables by which a child, or a framework, is told what to load
    **_all("os.environ.__setitem__ os.environ.setdefault os.putenv", _of("variable", 0, "key")),
    # source as text
    **_of_source("timeit.timeit timeit.repeat timeit.Timer", (0, "stmt"), (1, "setup")),
    **_of_source("cProfile.run cProfile.runctx profile.run profile.runctx", (0, "statement")),
    **_of_source("cProfile.Profile.run cProfile.Profile.runctx profile.Profile.run profile.Profile.runctx", (0, "cmd")),
    **_of_source("pdb.run pdb.Pdb.run bdb.Bdb.run", (0, "statement")),
    **_of_source("pdb.runeval pdb.Pdb.runeval bdb.Bdb.runeval", (0, "expression")),
    **_of_source("pdb.runctx pdb.Pdb.runctx bdb.Bdb.runctx", (0, "statement")),
    **_all("doctest.run_docstring_examples doctest.script_from_examples doctest.debug_src", _of("examples", 0, "f")),
    **_of_source("trace.Trace.run trace.Trace.runctx", (0, "cmd")),
    **_of_source("code.compile_command codeop.compile_command", (0, "source")),
    **_of_source("code.InteractiveInterpreter.runsource code.InteractiveConsole.runsource", (0, "source")),
    **_of_source("code.InteractiveInterpreter.runcode code.InteractiveConsole.runcode", (0, "code")),
    **_of_source("code.InteractiveConsole.push", (0, "line")),
    **_of_source("_xxsubinterpreters.run_string _interpreters.run_string _interpreters.exec", (1, "script")),
    **_of_source("concurrent.interpreters.create.exec concurrent.interpreters.Interpreter.exec", (0, "code")),
    **_of_source("ctypes.pythonapi.PyRun_SimpleString ctypes.pythonapi.PyRun_String", (0, "")),
    **_all("importlib.metadata.EntryPoint importlib_metadata.EntryPoint", _of("object?", 1, "value")),
    # a table of settings
    **_all(
        "logging.config.dictConfig logging.config.DictConfigurator",
        _of("settings", 0, "config"),
    ),
    **_all(
        "logging.config.BaseConfigurator.resolve logging.config.DictConfigurator.resolve logging.config._resolve",
        _of("object", 0, "s"),
    ),
    # an expression as text
    **_all("typing.ForwardRef annotationlib.ForwardRef typing_extensions.ForwardRef", _of("expression", 0, "arg")),
}

# Calling one of these gives something whose methods are meant.
INSTANCES = frozenset(
    "bdb.Bdb cProfile.Profile code.InteractiveConsole code.InteractiveInterpreter concurrent.interpreters.Interpreter "
    "concurrent.interpreters.create logging.config.BaseConfigurator logging.config.DictConfigurator pdb.Pdb "
    "pickle.Unpickler profile.Profile pytest.MonkeyPatch trace.Trace unittest.TestLoader".split()
)

# Methods that say enough by their name, of whatever nobody here knows; `is_sure` where they do nothing else, so that an
# argument which is not known is said. Those of OWNERS count where their owner is called by the usual name.
METHODS: Mapping[str, tuple[Loader, bool]] = {
    "patch": (_of("object", 0, "target"), True),
    "setattr": (_of("object", 0, "target"), True),
    "delattr": (_of("object", 0, "target"), True),
    "syspath_prepend": (_of("folder", 0, "path"), True),
    "importorskip": (_of("name", 0, "modname"), True),
    "loadTestsFromName": (_of("object", 0, "name"), True),
    "loadTestsFromNames": (_of("names", 0, "names"), True),
    "set_forkserver_preload": (_of("names", 0, "module_names"), True),
    "import_plugin": (_of("name", 0, "modname"), True),
    "load_module": (_of("name", 0, "fullname"), True),
    "exec_module": (Loader("opaque", 0, ""), True),
    "update": (_of("conf", 0), False),
    "autodiscover_tasks": (_of("names", 0, "packages"), True),
    "config_from_object": (_of("object", 0, "obj"), False),
    "from_object": (_of("object", 0, "obj"), False),
    "load_extension": (_of("name", 0, "name"), False),
    "send_task": (_of("object", 0, "name"), False),
}
# How the owner of such a method is usually called, where many others have a method of that name.
OWNERS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("patch", "setattr", "delattr"), re.compile(r"mocker|monkeypatch")),
    "load_module": re.compile(r"loader|finder|importer", re.IGNORECASE),
    "update": re.compile(r"^conf$"),
}

# Names that a framework reads from a module. `names` are modules, `settings` are searched for dotted names throughout.
SETTINGS: Mapping[str, str] = {
    **dict.fromkeys("pytest_plugins __lazy_modules__".split(), "names"),
    **dict.fromkeys("INSTALLED_APPS CELERY_IMPORTS CELERY_INCLUDE imports include".split(), "names"),
    **dict.fromkeys("wsgi_app worker_class logger_class".split(), "settings"),
    "__path__": "folders",
    **dict.fromkeys(
        "MIDDLEWARE MIDDLEWARE_CLASSES ROOT_URLCONF WSGI_APPLICATION ASGI_APPLICATION AUTHENTICATION_BACKENDS "
        "TEMPLATES DATABASES CACHES STORAGES LOGGING LOGGING_CONFIG EMAIL_BACKEND DEFAULT_FILE_STORAGE "
        "STATICFILES_STORAGE "
        "STATICFILES_FINDERS SESSION_ENGINE SESSION_SERIALIZER MESSAGE_STORAGE CSRF_FAILURE_VIEW TEST_RUNNER "
        "DATABASE_ROUTERS PASSWORD_HASHERS AUTH_PASSWORD_VALIDATORS FORM_RENDERER DEFAULT_EXCEPTION_REPORTER "
        "DEFAULT_EXCEPTION_REPORTER_FILTER FILE_UPLOAD_HANDLERS SIGNING_BACKEND MIGRATION_MODULES FORMAT_MODULE_PATH "
        "CELERY_BEAT_SCHEDULER CELERY_TASK_CLS CELERY_BEAT_SCHEDULE CELERYBEAT_SCHEDULE "
        "REST_FRAMEWORK TEMPLATE_CONTEXT_PROCESSORS CHANNEL_LAYERS".split(),
        "settings",
    ),
}

# Settings of Celery, as attributes of `app.conf`.
OF_CONF: Mapping[str, str] = {
    **dict.fromkeys("imports include".split(), "names"),
    **dict.fromkeys(
        "beat_schedule beat_scheduler task_cls worker_pool worker_consumer worker_autoscaler".split(), "settings"
    ),
}

# Variables of the environment that say what is loaded.
VARIABLES: Mapping[str, str] = {
    "PYTHONPATH": "folders",
    "PYTHONSTARTUP": "script",
    "DJANGO_SETTINGS_MODULE": "name",
    "DJANGO_CONFIGURATION": "name",
    "CELERY_CONFIG_MODULE": "name",
    "FLASK_APP": "object",
    "UVICORN_APP": "object",
    "PYTEST_PLUGINS": "names",
    "PYTHONBREAKPOINT": "object",
}


# By these names every package has the list of folders that its modules are searched in.
_SEARCHED = frozenset({"__path__", ".__path__", ".submodule_search_locations"})
# (An expression that loads spells the loader itself: what it is given to need not be looked for.)
TOPS = frozenset(name.partition(".")[0] for name, loaders in LAUNCHERS.items() if loaders[0].kind != "expression") - {
    "sys",
    "builtins",
}
# The modules, classes and objects on the way to a launcher: "subprocess", "unittest.mock", "unittest.mock.patch".
ON_THE_WAY = frozenset(name[: dot.start()] for name in LAUNCHERS for dot in _DOT.finditer(name))


def roots_of(imports: Iterable[tuple[str, str]], mentions: Container[str]) -> set[str]:
    """The names in a file from which a launcher can be reached: only of those launchers that it mentions."""
    mentioned = {name for name in LAUNCHERS if _is_mentioned(name, mentions)}
    on_the_way = {name[: end.start()] for name in mentioned for end in _DOT.finditer(name)}
    found = {f".{name}" for name in METHODS if f".{name}" in mentions} | _SEARCHED
    for name, text in imports:
        module, _, attribute = text.partition(":")
        whole = f"{module}.{attribute}" if attribute else module
        if attribute == "*":
            found.update(full.rpartition(".")[2] for full in LAUNCHERS if full.startswith(f"{module}."))
        elif whole in LAUNCHERS or whole in on_the_way:
            found |= {name, f".{name}"}
    return found


def launchers_of(name: str) -> tuple[Loader, ...]:
    """The launchers of this name; where any package searches its modules is one of them."""
    found = LAUNCHERS.get(name)
    if found is None and (".__path__." in name or ".submodule_search_locations." in name):
        return LAUNCHERS.get(f"builtins.__path__.{name.rpartition('.')[2]}", ())
    return found or ()


def _is_mentioned(name: str, mentions: Container[str]) -> bool:
    words = name.split(".")
    last = words[-2] if words[-1].startswith("__") else words[-1]
    return last in mentions or f".{last}" in mentions
