"""What is loaded by name: the case files, line by line, and the scan that must never say no wrongly."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.facts.extractors import dynamic_loading
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.extractors.loader_tokens import _spells_one_in_use, may_load
from gates.facts.extractors.loading_sites import loading_sites

CASES = Path(__file__).parent.parent / "gates" / "dynamic-import"
CASE_FILES = sorted(CASES.glob("*.py"))


def extract(source: bytes) -> tuple[LoadingSite, ...]:
    return tuple(site for site in dynamic_loading.extract(source) or () if not site.is_tentative)


def expected(source: bytes) -> dict[int, set[str]]:
    """Line to what its comment promises: the targets, and "opaque"."""
    found: dict[int, set[str]] = {}
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT and token.string.startswith(("# finds:", "# opaque")):
            words = token.string[1:].replace("finds:", "").replace(";", ",").split(",")
            found[token.start[0]] = {word.strip() for word in words}
    return found


def said(sites: tuple[LoadingSite, ...]) -> dict[int, set[str]]:
    """Line to what was found there, in the words of the case files."""
    found: dict[int, set[str]] = {}
    for site in sites:
        found.setdefault(site.line, set()).add("." * site.level + site.target if site.target else "opaque")
    return found


@pytest.mark.parametrize("case", CASE_FILES, ids=lambda path: path.stem)
def test_each_line_of_a_case_file_finds_what_its_comment_says_and_no_more(case: Path) -> None:
    source = case.read_bytes()

    sites = extract(source)

    assert said(sites) == expected(source)


def test_there_are_cases_of_every_verdict() -> None:
    promises = [promise for case in CASE_FILES for promise in expected(case.read_bytes()).values()]

    assert len(promises) >= 150
    assert sum("opaque" in promise for promise in promises) >= 40


def test_an_opaque_site_always_says_why_and_a_known_one_never_needs_to() -> None:
    for case in CASE_FILES:
        for site in extract(case.read_bytes()):
            assert (site.target is None) == bool(site.reason), site
            assert site.target != ""


# A way to reach a loader, and a call of what it is bound to. `{a}` is the alias, `{t}` the text that names it.
ROADS = (
    "import importlib as {a}\n{a}.import_module('x.y')",
    "from importlib import import_module as {a}\n{a}('x.y')",
    "from compat import import_module as {a}\n{a}('x.y')",
    "from compat import importlib as {a}\n{a}.reload(z)",
    "import compat as {a}\n{a}.importlib.util.find_spec('x.y')",
    "from importlib import *\n{a} = reload\n{a}(z)",
    "{a} = __import__\n{a}('x.y')",
    "import builtins as {a}\n{a}.__import__('x.y')",
    "import builtins as {a}\ngetattr({a}, {t})(z)",
    "{a} = exec\n{a}(z)",
    "{a} = [eval][0]\n{a}(z)",
    "{a} = {{1: compile}}\n{a}[1](z)",
    "{a} = globals()\n{a}['__builtins__'].exec(z)",
    "{a} = vars()\n{a}['__bui' + 'ltins__'].exec(z)",
    "{a} = locals\n{a}()['__bui' + 'ltins__'].exec(z)",
    "{a} = __builtins__\n{a}['exec'](z)",
    "import sys as {a}\n{a}.modules['x.y']",
    "import sys as {a}\n{a} . modules [z]",
    "import sys as {a}\n({a}. # the modules\n modules)[z]",
    "import sys as {a}\ngetattr({a}, 'mod' + 'ules')['x.y']",
    "import sys as {a}\n{a}.__dict__['mod' + 'ules']['x.y']",
    "import sys as {a}\nvars({a})['mod' + 'ules']['x.y']",
    "from os import sys as {a}\n{a}.modules['x.y']",
    "from sys import modules as {a}\n{a}['x.y']",
    "from sys import (argv,\n modules as {a})\n{a}['x.y']",
    "from sys import *\n{a} = modules\n{a}['x.y']",
    "import sys as {a}\n{a}.meta_path.insert(0, z)",
    "from sys import path_hooks as {a}\n{a}.append(z)",
    "import imp as {a}\n{a}.load_source('x', z)",
    "import os, \\\n imp as {a}\n{a}.load_source('x', z)",
    "from imp import (reload as {a})\n{a}(z)",
    "import runpy as {a}\n{a}.run_path(z)",
    "from pkgutil import resolve_name as {a}\n{a}('x.y')",
    "from pydoc import locate as {a}\n{a}('x.y')",
    "from zipimport import zipimporter as {a}\n{a}(z)",
    "import _imp as {a}\n{a}.create_dynamic(z)",
    "{a} = __loader__\n{a}.load_module('x.y')",
    "{a} = __spec__\n{a}.loader.load_module('x.y')",
    "{a} = len.__self__\n{a}.__import__('x.y')",
    "def {a}(): pass\n{a}.__globals__['__bui' + 'ltins__'].exec(z)",
    "def {a}(): pass\n{a}.__builtins__['ex' + 'ec'](z)",
    "import sys as {a}\n{a}._getframe().f_builtins['ex' + 'ec'](z)",
    "import inspect as {a}\n{a}.currentframe().f_globals['__bui' + 'ltins__'].exec(z)",
    "{a} = object\n{a}.__subclasses__()[1](z)",
    "import doctest as {a}\n{a}.testsource('x.y', 'z')",
    "from pickle import loads as {a}\n{a}(b'cx.y\\nz\\n.')",
    "import xml.sax as {a}\n{a}.make_parser(['x.y'])",
    "import ctypes as {a}\n{a}.pythonapi.PyImport_ImportModule(b'x.y')",
    "from concurrent import interpreters as {a}\n{a}.create().exec('import x.y')",
    "def {a}(manager): manager.import_plugin('x.y')",
    "def {a}(loader): loader.load_module('x.y')",
    "from importlib import import_module as {a}",
    "{a} = __import__",
)
POSITIONS = (
    "{code}",
    "def function():\n{indented}",
    "class Body:\n{indented}",
    "if True:\n    try:\n{deeper}\n    finally:\n        pass",
    "def outer():\n    def inner():\n{deeper}",
    "async def waiting():\n    async with z:\n{deeper}",
)
NAMES = ("__import__", "exec", "eval", "compile")
LOOK_ALIKES = str.maketrans("abcdefghijklmnopqrstuvwxyz", "".join(map(chr, range(0x1D68A, 0x1D6A4))))
ENCODINGS = (
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8-sig",
    "latin-1",
    "cp1252",
    "utf-16",
    "utf-7",
    "shift_jis",
    "koi8_r",
)


def indented(code: str, by: int) -> str:
    """The code further to the right; lines that continue another keep their place."""
    return "\n".join(" " * by + line for line in code.split("\n"))


def disguised(code: str, letters: str) -> str:
    """The code with some letters of its identifiers (never of its texts or keywords) replaced by look-alikes."""
    keywords = {"import", "from", "as", "def", "class", "if", "try", "finally", "pass", "async", "with", "True"}
    found: list[str] = []
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    rows = code.splitlines(keepends=True)
    for row, line in enumerate(rows, 1):
        spots = [t for t in tokens if t.type == tokenize.NAME and t.start[0] == row and t.string not in keywords]
        for token in reversed(spots):
            start, end = token.start[1], token.end[1]
            swapped = "".join(x.translate(LOOK_ALIKES) if x in letters else x for x in token.string)
            line = line[:start] + swapped + line[end:]
        found.append(line)
    return "".join(found)


@st.composite
def loading_sources(draw: st.DrawFn) -> bytes:
    """A file that loads by name, in some spelling, place, encoding and kind of line end."""
    alias = draw(st.sampled_from(("load", "il", "é", "import_", "x1", "modules_", "ﬁnd")))
    name = draw(st.sampled_from(NAMES))
    cut = draw(st.integers(0, len(name)))
    code = draw(st.sampled_from(ROADS)).format(a=alias, t=f"{name[:cut]!r} + {name[cut:]!r}")
    position = draw(st.sampled_from(POSITIONS))
    code = position.format(code=code, indented=indented(code, 4), deeper=indented(code, 8))
    code = disguised(code, draw(st.text("aeimopxl", max_size=3)))
    code = draw(st.sampled_from(("", "# a comment\n", '"""A text."""\n', "z = 'ª º … ㎥'\n"))) + code + "\n"
    encoding = draw(st.sampled_from(ENCODINGS))
    if encoding.startswith("utf-8"):
        cookie = draw(st.sampled_from(("", "# coding: utf-8\n", "#!/usr/bin/python\n# vim: set fileencoding=utf8 :\n")))
    else:
        cookie = f"# -*- coding: {encoding} -*-\n"
    code = (cookie + code).replace("\n", draw(st.sampled_from(("\n", "\r\n", "\r"))))
    return code.encode(encoding, "replace")


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loading_sources())
def test_the_wide_scan_says_yes_wherever_the_exact_look_finds_something(source: bytes) -> None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return

    if loading_sites(tree):
        assert may_load(source)


@pytest.mark.parametrize(
    ("road", "position"),
    # A star import stands at the top of a module only.
    [(road, place) for road in ROADS for place in POSITIONS if " import *" not in road or "def " not in place],
)
def test_every_road_to_a_loader_is_seen_from_every_place(road: str, position: str) -> None:
    code = road.format(a="reached", t="'ex' + 'ec'")
    source = position.format(code=code, indented=indented(code, 4), deeper=indented(code, 8)).encode()

    assert may_load(source)
    assert loading_sites(ast.parse(source))


@pytest.mark.parametrize("case", CASE_FILES, ids=lambda path: path.stem)
def test_the_wide_scan_says_yes_to_a_line_alone_wherever_it_finds_something(case: Path) -> None:
    try:
        lines = case.read_bytes().decode().splitlines()
    except UnicodeDecodeError:
        return
    for line in lines:
        try:
            tree = ast.parse(line.strip())
        except SyntaxError:
            continue
        assert may_load(line.strip().encode()) or not loading_sites(tree), line


HANDED_ON = b"""from deprecation import (
    all_with_deprecated,
)
from functools import partial
__getattr__ = partial(get, scope=globals())
__dir__ = partial(names, keys=[*globals().keys()])
__all__ = all_with_deprecated(globals())
"""


def test_a_scope_that_is_only_handed_on_is_not_looked_at() -> None:
    assert not may_load(HANDED_ON)


@pytest.mark.parametrize(
    "more",
    [
        b"def all_with_deprecated(found): return found['ex' + 'ec']\n",
        b"all_with_deprecated, other = (lambda found: found['ex' + 'ec']), 1\n",
        b"def get(scope): return scope['ex' + 'ec']\n",
        b"here = globals()\n",
        b"globals()['ex' + 'ec']('1')\n",
        b"[*globals().values()]\n",
        b"dict(globals())['ex' + 'ec']\n",
        b"(lambda found: found['ex' + 'ec'])(globals())\n",
    ],
)
def test_a_scope_that_is_put_to_use_in_the_same_file_is_looked_at(more: bytes) -> None:
    assert may_load(HANDED_ON + more)


WORDS = (
    "importlib runpy pkgutil pydoc zipimport meta_path path_hooks __loader__ __spec__ __import__ import_module exec "
    "eval compile globals locals vars builtins __builtins__ sys modules getattr __dict__ imp import from def"
).split()


@given(st.lists(st.sampled_from([*WORDS, *" .,=()_\n\"'#x"]), max_size=12).map("".join))
def test_the_one_pass_over_all_words_passes_over_none_that_is_in_use(text: str) -> None:
    if _spells_one_in_use(text.encode()):
        assert may_load(text.encode())


@given(st.text("importlbexcvad_ﬁｉ𝐞ℓ.", max_size=20))
def test_an_identifier_that_normalises_to_a_loader_is_not_passed_over(letters: str) -> None:
    name = unicodedata.normalize("NFKC", letters)
    if name in {"exec", "eval", "importlib", "__import__"}:
        assert may_load(letters.encode())


@pytest.mark.parametrize(
    "source",
    [
        b"import os\nos.path.join('importer')\n",
        b"class Model:\n    def eval(self):\n        return self.compile(eval=False)\n",
        b"import re\nPATTERN = re.compile('candidate')\n",
        b"for imp in imports:\n    imp.run()\n",
        b"import sys\nsys.exit(main(modules))\n",
        b"executor.submit(evaluate, compiled)\n",
        "UNITS = ('㎥', '½', '…', 'µ', '°', '™')\n".encode(),
        b"with mock.patch('builtins.open'):\n    pass\n",
        b"# a job to compile missing statistics, with extra vars if configured\n",
        b"log.error('cannot exec command %s', name)\n",
        b"id: str = ''  # pylint: disable=redefined-builtin\n",
        b"name = info['vars']['name']\n",
        b"key = 'EventBus.once.<locals>.listener'\n",
        b"import sys\nkind = getattr(config, sys.platform, None)\n",
        b"import importlib.metadata\nversion = importlib.metadata.version('candidate')\n",
    ],
)
def test_ordinary_files_are_not_even_parsed(source: bytes) -> None:
    assert not may_load(source)
    assert extract(source) == ()


@pytest.mark.parametrize(
    "source",
    [
        b"run = fast and exec or other\n",
        b"print(x if x else eval)\n",
        b"for word in vars: pass\n",
        b"def run(): return\\\n    exec\n",
        b"import sys\nfound = getattr(sys, 'mod' + 'ules')\n",
        b"import sys\nfound = sys . __dict__['modules']\n",
        b"import importlib.metadata\nimportlib.import_module(name)\n",
        b"from importlib import metadata\nmetadata.importlib.reload(module)\n",
    ],
)
def test_a_word_that_may_be_code_is_looked_at(source: bytes) -> None:
    assert may_load(source)


def test_line_ends_a_bom_and_a_cookie_change_nothing() -> None:
    code = "import importlib\n\nimportlib.import_module('candidate.x')  # é\n"
    plain = extract(code.encode())

    for ending in ("\r\n", "\r"):
        assert extract(code.replace("\n", ending).encode()) == plain
    assert extract(code.encode("utf-8-sig")) == plain
    assert extract(("# coding: utf-16-le\n" + code).encode("latin-1")[:0] + code.encode()) == plain
    moved = extract(("# coding: latin-1\n" + code).encode("latin-1"))
    assert [site._replace(line=site.line - 1) for site in moved] == list(plain)


def test_a_spelling_has_the_loaders_own_name_whatever_it_is_called_here() -> None:
    spellings = {
        b"from importlib import import_module as f\nf('a.b')": "importlib.import_module('a.b')",
        b"NAME = 'a.b'\n__import__(NAME)": "__import__('a.b')",
        b"__import__(name)": "__import__(name)",
        b"exec(open(path).read())": "exec(open(path).read())",
        b"from importlib import import_module as f\nf(f'a.{x}', 'b')": "importlib.import_module(f'a.{x}')",
        b"import sys\nsys.modules[key]": "sys.modules[key]",
        b"from importlib import import_module\ncall(import_module)": "importlib.import_module",
        b"import importlib\nimportlib.import_module('.a', __package__)": "importlib.import_module('.a')",
    }

    assert {source: extract(source)[0].spelling for source in spellings} == spellings


def test_a_name_in_place_of_a_list_of_names_is_one_finding_and_its_letters_matter_to_lanes_alone() -> None:
    sites = extract(b"__import__('app.run', {}, {}, 'Me')")

    assert {site.target: site.is_roundabout for site in sites} == {
        "app.run": False,
        "app.run.M": True,
        "app.run.e": True,
    }


@pytest.mark.parametrize(
    ("expression", "is_only_asked"),
    [
        ("{} is None", True),
        ("bool({})", True),
        ("1 if {} else 2", True),
        ("{}", False),
        ("{}.loader.load_module()", False),
        ("call({})", False),
        ("(spec := {}) is None", False),
    ],
)
def test_whether_there_is_a_module_is_a_question_to_lanes_alone(expression: str, is_only_asked: bool) -> None:
    asked = expression.format("find_spec('candidate.x')")
    (site,) = extract(f"from importlib.util import find_spec\nx = {asked}\n".encode())

    assert (site.target, site.is_roundabout) == ("candidate.x", is_only_asked)


def test_a_path_that_is_split_is_known_by_its_parts() -> None:
    source = "import os, sys\nsys.path.insert(0, os.path.split(os.path.dirname(os.path.abspath(__file__)))[0])\n"
    (site,) = extract(source.encode())

    assert (site.target, site.reason) == ("path:./..", "")


def test_a_setting_of_the_environment_reads_as_it_stands_there() -> None:
    (site,) = extract(b"import os\ndef f(o):\n    os.environ['DJANGO_SETTINGS_MODULE'] = o.settings\n")

    assert site.spelling == "os.environ['DJANGO_SETTINGS_MODULE'] = o.settings"


@pytest.mark.parametrize(
    "source",
    [
        "from pprint import pformat\nimport sys\nprint(pformat(sys.modules))",
        "import pprint, sys\npprint.pprint(sys.modules)",
        "__import__('.', {}, {}, ['x'])",  # no module has such a name
    ],
)
def test_what_loads_nothing_is_no_site(source: str) -> None:
    assert extract(source.encode()) == ()


@pytest.mark.parametrize(
    ("expression", "prefix"),
    [
        ("f'candidate.{name}'", "candidate."),
        ("'candidate.' + name", "candidate."),
        ("'candidate.%s.x' % name", "candidate."),
        ("'candidate.{}'.format(name)", "candidate."),
        ("'.'.join(['candidate', name])", "candidate."),
        ("name + '.candidate'", ""),
        ("name", ""),
    ],
)
def test_an_opaque_name_keeps_its_known_beginning(expression: str, prefix: str) -> None:
    (site,) = extract(f"def load(name):\n    __import__({expression})\n".encode())

    assert site.target is None
    assert site.prefix == prefix
    assert site.reason == "it comes from parameter 'name' of load"


@pytest.mark.parametrize(
    "source",
    [
        "f = __import__\n"
        + "\n".join(f"f{n} = f{n - 1} if f{n - 1} else f{n - 1}" for n in range(1, 60))
        + "\nf59('x')",
        "x0 = 'a'\n" + "\n".join(f"x{n} = x{n - 1} + x{n - 1}" for n in range(1, 60)) + "\n__import__(x59)",
        "__import__(" + " + ".join(["'a'"] * 300) + ")",
        "__import__('%999999999d' % 1)",
        "__import__('{:>999999999}'.format('a'))",
        "__import__('a'.replace('', 'b' * 10 ** 9))",
        "a = b\nb = a\n__import__(a)\na('x')",
        "class A(A):\n    x = x\n    def f(self): self.x = self.x; __import__(self.x)",
        "exec({!r})".format("exec({!r})".format("exec({!r})".format("exec({!r})".format("exec(x)")))),
        "f = lambda: f()\nf()(__import__)",
        "[[__import__(x) for x in y] for y in y]",
        "import enum\nclass A(enum.Enum):\n    x = [y.value for y in A]\nfor a in A: __import__(a.value)",
        "class A:\n    def __init__(self): self.x = A(); self.y = self.x.y\n__import__(A().y)",
        "class A:\n    def f(self): exec(vars(self))\n    def __iter__(self): return A()\nfor a in A(): __import__(a)",
        "import re\n__import__(re.sub('(a|a)*b', '', 'a' * 40))",
        "import re\n__import__(re.sub('(a+)+b', '', 'a' * 40))",
        "__import__(('a' * 50000).translate({97: 'b' * 50000}))",
        "__import__('{:{}}'.format('a', 10 ** 9))",
        "import zlib\nexec(zlib.decompress(zlib.compress(b'a')))",
        "import functools, operator\n__import__(functools.reduce(operator.add, ['a' * 50000] * 200))",
        "import itertools\nfor a in itertools.product('abcdefgh' * 9, repeat=3): __import__(''.join(a))",
        "import os\nos.environ['A'] = os.environ['A']\n__import__(os.environ['A'])",
        "x = [' ' + y for y in x]\n__import__(x[0])",
        "import pickle\npickle.loads(b'(' * 100)",
        "__import__('candidate'" + ".strip()" * 300 + ")",
        "".join(f"x{n} = " + " or ".join(f"x{m}" for m in range(30) if m != n) + "\n" for n in range(30))
        + "__import__(x3)",
        "".join(f"def f{n}(a): return [" + ", ".join(f"f{m}(a)" for m in range(12)) + "]\n" for n in range(12))
        + "__import__(f3('x'))",
    ],
    ids=lambda source: source[:30],
)
def test_code_made_to_be_hard_to_follow_ends_in_an_answer(source: str) -> None:
    sites = extract(source.encode())

    assert all(site.target is None or len(site.target) < 100_001 for site in sites)


@pytest.mark.parametrize(
    "call",
    [
        "setattr(os, 'fork', 1)",
        "setattr(os, value=1, name='fork')",
        "delattr(os, 'fork')",
        "delattr(os, name='fork', raising=False)",
    ],
)
def test_what_is_patched_on_a_thing_is_no_load(call: str) -> None:
    assert extract(f"import os\n\ndef test(monkeypatch):\n    monkeypatch.{call}\n".encode()) == ()


def test_a_chain_too_long_to_follow_is_opaque_and_not_clean() -> None:
    chain = "".join(f"f{n} = f{n - 1}\n" for n in range(1, 200))
    source = f"def use():\n    f199('candidate.x')\n\nf0 = __import__\n{chain}"

    assert any(site.line == 2 and site.target is None for site in extract(source.encode()))


@pytest.mark.parametrize("source", [b"__import__(", b"\xff\n__import__('x')\n", b"__import__('x')\n\0"])
def test_what_does_not_parse_is_left_to_the_caller(source: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        extract(source)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match came with Python 3.10")
@pytest.mark.parametrize(
    ("subject", "pattern", "called"),
    [
        ("importlib", "held", "held.import_module"),
        ("importlib.import_module", "None | held", "held"),
        ("(1, importlib.import_module)", "(_, held)", "held"),
        ("[importlib.import_module, 1, 2]", "[held, *rest]", "held"),
        ("[1, 2, importlib.import_module]", "[*rest, held]", "held"),
        ("[1, 2, importlib.import_module]", "[_, *rest]", "rest[1]"),
        ("{'load': importlib.import_module}", "{'load': held}", "held"),
        ("types.SimpleNamespace(load=importlib.import_module)", "types.SimpleNamespace(load=held)", "held"),
    ],
)
def test_what_a_pattern_captures_is_followed(subject: str, pattern: str, called: str) -> None:
    source = f"import importlib, types\nmatch {subject}:\n    case {pattern}:\n        {called}('candidate.x')\n"

    assert [(site.line, site.target) for site in extract(source.encode())] == [(4, "candidate.x")]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match came with Python 3.10")
def test_a_loader_that_a_pattern_takes_apart_goes_where_nobody_can_follow() -> None:
    sites = extract(b"import importlib\nmatch importlib:\n    case Held(held):\n        held.import_module('x')\n")

    assert [(site.line, site.target) for site in sites] == [(2, None)]


LOOKS_LIKE_NO_CODE = (
    'x = """\n# """; exec("import a")',
    "x = '\\\n# '; exec(y)",
    '# (\nINSTALLED_APPS=["a.b"]',
    'MANAGERS = ADMINS,\nINSTALLED_APPS=["a.b"]',
    'if True:\n    X = 1,\n    INSTALLED_APPS=["a.b"]',
    'print("("); A, INSTALLED_APPS = 1, ["a.b"]',
    'DEBUG, INSTALLED_APPS = True, ["a.b"]',
    'INSTALLED_APPS = []\nINSTALLED_APPS \\\n . append("a.b")',
)


@pytest.mark.parametrize("code", LOOKS_LIKE_NO_CODE)
def test_what_only_looks_like_a_comment_or_a_keyword_is_looked_at(code: str) -> None:
    assert loading_sites(ast.parse(code))
    assert may_load(code.encode())


@pytest.mark.parametrize(
    "code",
    [
        '"""Evaluate.\n\nSee ``eval`` and `exec`.\n"""',
        "def f():\n    # exec(x)\n    return 1",
        '"""Try it.\n\n>>> exec(code)\n"""',
        '@override_settings(MIDDLEWARE=["a.b"])\ndef test(): ...',
        '@override_settings(\n    ROOT_URLCONF="a.urls",\n    MIDDLEWARE=["a.b"],\n)\ndef test(): ...',
        '# see https://docs.example.org/ref/builtins/#date\nDATE = "d/m/Y"',
        "from sympy import evalf\n\n\ndef vars_of(x):\n    return x.eval()",
    ],
)
def test_what_is_no_code_and_what_is_a_keyword_of_a_call_is_ruled_out(code: str) -> None:
    assert not loading_sites(ast.parse(code))
    assert not may_load(code.encode())
