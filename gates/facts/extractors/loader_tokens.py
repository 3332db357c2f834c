"""Whether a file can hold a loader at all: a scan of its bytes that may say yes too often, and never no wrongly.

A loader is reached from a builtin, which the file must spell, or from a module that it must import: what it imports is
known from the scan for imports. Identifiers take no escapes, so a spelled name is there in the bytes, with two
exceptions: letters that Python's NFKC normalisation turns into the plain ones, and encodings in which the bytes are
not the letters.
"""

from __future__ import annotations

import builtins
import functools
import keyword
import re
import unicodedata

from gates.facts.extractors.import_statements import EXACTLY, extract, scanned
from gates.facts.extractors.launchers import INSTANCES, LAUNCHERS, OF_CONF, ON_THE_WAY, SETTINGS, TOPS, VARIABLES
from gates.facts.extractors.loaders import LOADERS

# A builtin is used by its bare name: after a dot, or after def, it is somebody else's. A literal first: that is what
# makes the search fast.
_WORDS = tuple(
    (word, re.compile(word + rb"(?![\w])(?!\s*=[^=])(?<![\w.]" + word + rb")(?<!def " + word + rb")"))
    for word in (b"exec", b"eval", b"compile", b"globals", b"locals")
)
# Two names do not stand beside each other in code, unless one is a keyword: `# to compile missing statistics`.
_KEYWORDS = frozenset(word.encode() for word in (*keyword.kwlist, "match", "case", "type", "lazy", "_"))
_NAME_BEFORE = re.compile(rb"([A-Za-z_]+)[ \t]+\Z")
_NAME_BEHIND = re.compile(rb"[ \t]+([A-Za-z_]+)")
_LONGEST_KEYWORD = 20
# A comment, or an example in a docstring: no statement begins so, nor goes on behind a text that ends there.
_NO_CODE = re.compile(rb"[ \t]*(?:#|>>>)[^\"']*\Z")
_LONGEST_CALL = 20  # lines
_SHORT_TEXT = re.compile(rb"\"[^\"\\\r\n]*\"|'[^'\\\r\n]*'")
# `scope=globals()`, `f(globals())`, `*globals().keys()`: what stands before the word, and what stands behind it.
_BEFORE = re.compile(rb"(?:(?<=[\s(,])(\w{1,99})=|(?<![\w.])(\w{1,99})\()\Z")
_BEHIND = re.compile(rb"\(\)(?=\s*[,)])")
_NEAR = 120
_BUILT_IN = frozenset(name.encode() for name in dir(builtins))
_VARS = re.compile(rb"vars(?!\w)(?<![\w.]vars)")
# What may stand between two words of one statement: white space, a continued line, a comment inside parentheses.
_GAP = rb"(?:[\s\\]|#[^\r\n]*)*"
# Not `builtins=...`, and not a text that only begins so: mock.patch("builtins.open").
_BUILTINS = re.compile(
    rb"(?<![\w\"'])(?:builtins|__builtins?__)(?!\w)(?!\s*=[^=])|[\"'](?:builtins|__builtins?__)[\"']"
)
# The endings of the names in capitals that frameworks read, likewise.
_ANY_SETTING = re.compile(
    rb"T(?:(?<=DAT)ABASES(?!\w)|(?<=TEST)_RUNNER)|W(?:(?<=MIDDLEW)ARE|(?<=E_VIEW)(?!\w))"
    rb"|G(?:(?<=LOG)GING(?:_CONFIG)?(?!\w)|(?<=STORAG)ES?[\s\\]*[=+\[:.,]|(?<=_ENG)INE(?!\w)|(?<=MIG)RATION_MODULES)"
    rb"|I(?:NSTALLED_APPS|(?<=_FI)NDERS|(?<=_SERI)ALIZER|(?<=CELERY_I)NCLUDE)|K(?:(?<=_BACK)END|(?<=REST_FRAMEWORK))"
    rb"|U(?:(?<=_U)RLCONF|(?<=_ROU)TERS|(?<=FILE_U)PLOAD_HANDLERS|(?<=BEAT_SCHEDU)LE)"
    rb"|P(?:(?<=_AP)PLICATION(?!\w)|(?<=TEMP)LATES[\s\\]*[=+\[:.,]|ASSWORD_(?:HASH|VALID)|(?<=EXCEP)TION_REPORTER"
    rb"|(?<=CELERY_IMP)ORTS|(?<=MODULE_P)ATH|(?<=CONTEXT_P)ROCESSORS)"
    rb"|H(?:(?<=CACH)ES(?!\w)|(?<=CH)ANNEL_LAYERS)|F(?=ORM_RENDERER)|Y(?<=CELERY)_TASK_CLS"
)
_SETTING = re.compile(
    rb"(?<![\w.])(?:"
    + "|".join(name for name in SETTINGS if name.isupper()).encode()
    + rb")(?:\s*[-+|:=,)\]\[\\#]|"
    + _GAP
    + rb"\."
    + _GAP
    + rb"(?:append|extend|insert|update|setdefault|add)\b)"
)
# One pass over the bytes for all the words below, which most files get through: each alternative begins with a rare
# letter of its word, because a search for one of a few rare letters is fast; then it looks back. It may say yes too
# often.
_ANY = re.compile(
    rb"b(?:uiltins|uiltin__|(?<=importlib)|(?<=glob)als|(?<=sub)module_search_loc|(?<=__sub)classes__)"
    rb"|v(?:ars|(?<=ev)al)(?!\w)|x(?:(?<=ex)ec(?:_module\(|(?!\w))|(?<=\.load_ex)tension\()"
    rb"|y(?:(?<=sy)s(?!\w)|(?<=celery)\.conf|(?<=sy)spath_prepend|(?<=py)test_plugins)"
    rb"|p(?:(?<=imp)ort_(?:module|plugin|_)|(?<=comp)ile(?!\w)(?<![\w.]compile)|(?<=__sp)ec__|(?<=__p)ath__|(?<=wsgi_ap)p|(?<=app)\.conf)"
    rb"|k(?:(?<=mock)er|(?<=monk)eypatch|(?<=importorsk)ip|(?<=fork)server_preload|(?<=brok)er_url|(?<=work)er_class"
    rb"|(?<=result_back)end|(?<=\.send_task)\(|(?<=\.autodiscover_task)s\()"
    rb"|j(?<=from_obj)ect\(|z(?<=__laz)y_"
    rb"|T(?<=loadT)estsFrom|" + _ANY_SETTING.pattern
)
# All their letters are frequent, which would slow the others down.
_OF_FREQUENT_LETTERS = (b"locals", b"__loader__", b"load_module", b"logger_class")
_SPELLED = (b"import_module", b"__loader__", b"__spec__", b"__import__", b"__lazy_import__")
# Methods and names that say enough by themselves; what they take is looked at.
_TELLING = (
    (b"importlib", re.compile(rb"importlib(?![._](?:metadata|resources|abc)(?!\w))")),
    (b"monkeypatch", re.compile(rb"monkeypatch")),
    (b"mocker", re.compile(rb"mocker")),
    (b"syspath_prepend", re.compile(rb"syspath_prepend")),
    (b"importorskip", re.compile(rb"importorskip")),
    (b"loadTestsFrom", re.compile(rb"loadTestsFrom")),
    (b"__path__", re.compile(rb"(?<!\w)__path__")),
    (b"submodule_search_locations", re.compile(rb"submodule_search_locations")),
    (b"set_forkserver_preload", re.compile(rb"set_forkserver_preload")),
    (b".conf", re.compile(rb"(?<=\.conf)(?:\.update\(|(?:\.|\[[\"'])(?:" + "|".join(OF_CONF).encode() + rb")\b)")),
    (b"exec_module", re.compile(rb"\.exec_module\(")),
    (b"__lazy_modules__", re.compile(rb"__lazy_modules__")),
    (b"broker_url", re.compile(rb"(?<!\w)(?:imports|include)\s*=")),
    (b"result_backend", re.compile(rb"(?<!\w)(?:imports|include)\s*=")),
    (b"wsgi_app", re.compile(rb"(?<![\w.])wsgi_app\s*[+|:=,)\[.\\]")),
    (b"logger_class", re.compile(rb"(?<![\w.])logger_class\s*[+|:=,)\[.\\]")),
    (b"worker_class", re.compile(rb"(?<![\w.])worker_class\s*[+|:=,)\[.\\]")),
    (b"pytest_plugins", re.compile(rb"pytest_plugins")),
    (b"import_plugin", re.compile(rb"\.import_plugin(?!\w)")),
    (b"load_module", re.compile(rb"\.load_module(?!\w)")),
    (b"__subclasses__", re.compile(rb"\.\s*__subclasses__")),
    (b"f_builtins", re.compile(rb"f_builtins")),
    (b"__globals__", re.compile(rb"__globals__")),
    (b"f_globals", re.compile(rb"f_globals")),
    (b"from_object(", re.compile(rb"\.(?:config_)?from_object\(")),
    (b".send_task(", re.compile(rb"\.send_task\(")),
    (b".autodiscover_tasks(", re.compile(rb"\.autodiscover_tasks\(")),
    (b".load_extension(", re.compile(rb"\.load_extension\(")),
)
# Modules full of loaders, and loaders that have been seen to be handed on by other modules.
_HUBS = frozenset(
    "import_module __import__ runpy pkgutil pydoc zipimport imp _imp builtins __builtin__ __builtins__ meta_path "
    "_frozen_importlib _frozen_importlib_external import_string path_hooks".split()
)
_WORD = re.compile(r"\w+")
_HARMLESS_OF_IMPORTLIB = frozenset({"metadata", "resources", "abc"})
_HARMLESS_OF_SYS = frozenset(
    "version version_info platform argv exit stdout stderr stdin maxsize byteorder executable exc_info flags prefix "
    "getsizeof getrecursionlimit setrecursionlimit intern hexversion implementation base_prefix float_info".split()
)
_OF_SYS = re.compile(
    rb"(?<!\w)sys"
    + _GAP
    + rb"(?:\."
    + _GAP
    + rb"(?:modules|path|meta_path|path_hooks|path_importer_cache|__dict__|__getattribute__)(?!\w)|as(?!\w))"
)
# As a value, with nothing taken out of it there and then: `getattr(sys, name)`, `vars(sys)`, `from a import b, sys`.
_SYS_ITSELF = re.compile(rb"sys(?!\w)(?<!\wsys)(?<!import sys)(?!" + _GAP + rb"\.)")
_ASKING = ("getattr", "attrgetter", "methodcaller", "vars")
_BUILT_IN_HUBS = frozenset({"importlib", "builtins", "sys", "imp", "runpy", "pkgutil", "pydoc", "zipimport"})
_TOPS = TOPS | {name.partition(".")[0] for name in LOADERS} - _BUILT_IN_HUBS
_ON_THE_WAY = ON_THE_WAY | {
    name[: dot.start()] for name in LOADERS for dot in re.finditer(r"\.", name) if name.partition(".")[0] in _TOPS
}
# What leads to them is spelled: of a method its class, by which one comes by an instance.
_LEADING = frozenset(
    owner if owner in INSTANCES else name
    for name, owner in ((name, name.rpartition(".")[0]) for name in (*LAUNCHERS, *LOADERS))
    if "os.environ" not in name
)
# What each entry of an import scan leads to, "*" being a loader itself: most of them stand in many files.
_led_to: dict[str, tuple[str, ...]] = {}
_lead_nowhere: set[str] = set()
_MOST_KEPT = 50_000
_FIRST_LINES = re.compile(rb"\A[^\r\n]*(?:\r\n?|\n)?[^\r\n]*")
_COOKIE = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset({b"utf-8", b"utf8", b"ascii", b"us-ascii"})
_LATIN1 = frozenset({b"latin-1", b"latin1", b"iso-8859-1", b"iso8859-1"})
_ASCII = bytes(range(128))
_LETTER = re.compile("[a-z_]")


def may_load(source: bytes) -> bool:
    """Whether the file may load code by name; no is certain, yes asks for the exact look."""
    if _spells_a_loader(source):
        return True
    encoding = _encoding(source)
    if encoding is None:
        return True
    return not source.isascii() and _hides_a_loader(source, encoding)


def _spells_a_loader(source: bytes) -> bool:
    if _mentions_one(source) and _spells_one_in_use(source):
        return True
    imports = scanned(source)
    if imports is None:  # (then it is parsed for its imports anyway)
        exactly, *found = extract(source)
        if exactly != EXACTLY:
            return True
        imports = tuple(found)
    if _lead_nowhere.issuperset(imports):
        return False
    tops: set[str] = set()
    for entry in imports:
        if entry not in _lead_nowhere:
            leads = _led_to.get(entry)
            tops.update(_leads_to(entry) if leads is None else leads)
    return bool(tops) and ("*" in tops or any(_is_used(lead, source) for lead in tops))


def _mentions_one(source: bytes) -> bool:
    return _ANY.search(source) is not None or any(word in source for word in _OF_FREQUENT_LETTERS)


def _leads_to(entry: str) -> tuple[str, ...]:
    """Of an import the module from which something may be launched; "*" where a loader itself can be reached."""
    leads = _led(entry)
    if len(_lead_nowhere) + len(_led_to) < _MOST_KEPT:
        if leads:
            _led_to[entry] = leads
        else:
            _lead_nowhere.add(entry)
    return leads


def _led(entry: str) -> tuple[str, ...]:
    module, _, names = entry.partition(":")
    words = _WORD.findall(entry)
    if not _HUBS.isdisjoint(words):
        return ("*",)
    if "importlib" in words:
        behind = words[words.index("importlib") + 1 :]
        told = behind if module == "importlib" else behind[:1]
        if not told or not _HARMLESS_OF_IMPORTLIB.issuperset(told):
            return ("*",)
    if "sys" in words and names and (module != "sys" or not _HARMLESS_OF_SYS.issuperset(names.split(","))):
        return ("*",)
    if not names:
        return (module.partition(".")[0],) if module.partition(".")[0] in _TOPS else ()
    given = names.split(",")
    if "*" in given:
        return ("*",) if module in _ON_THE_WAY else ()
    whole = [f"{module}.{name}" for name in given]
    if any(name in LAUNCHERS or name in LOADERS or name in INSTANCES for name in whole):
        return ("*",)
    return tuple(f"{module}:{name}" for name in given if f"{module}.{name}" in _ON_THE_WAY)


def _is_used(lead: str, source: bytes) -> bool:
    return any(word in source and used.search(source) for word, used in _looked_for(lead))


@functools.cache
def _looked_for(lead: str) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """What a file with this import spells where it launches something: attributes of it; and ways round them.

    The word is looked for first, for that is fast.
    """
    whole = lead.replace(":", ".")
    bound = lead.rpartition(":")[2].partition(".")[0]
    owner = whole if ":" in lead else bound  # `import a.b` binds a, by which its other parts are reached, too
    names = {name.rpartition(".")[2] for name in _LEADING if name.startswith(f"{owner}.")}
    words = [(name, rf"{name}(?!\w)(?<=\.{name})") for name in sorted(names)]
    words.append((f"{bound} as", rf"{bound} as(?!\w)(?<!\w{bound} as)"))
    words += [(asking, rf"{asking}\(\s*[\"']?{bound}(?!\w)") for asking in _ASKING]
    if whole.partition(".")[0] == "os":
        words += [(name, name) for name in VARIABLES]
    return tuple((word.encode(), re.compile(used.encode())) for word, used in words)


def _spells_one_in_use(source: bytes) -> bool:
    for word in _SPELLED:
        if word in source:
            return True
    for word, used in _WORDS:
        if word in source and _stands_in_code(used, source) and not _is_only_handed_on(word, used, source):
            return True
    if b"builtin" in source and _stands_outside_comments(_BUILTINS, source):
        return True
    if b"vars" in source and _stands_in_code(_VARS, source):
        return True
    if _ANY_SETTING.search(source) and _sets_one(source):
        return True
    if b"sys" in source and _reaches_into_sys(source):
        return True
    return any(word in source and telling.search(source) for word, telling in _TELLING)


def _stands_in_code(used: re.Pattern[bytes], source: bytes) -> bool:
    """Whether some match may be a name of the code: no word of a sentence, and no text that is this word alone."""
    return any(not _is_of_text(source, *found.span()) for found in used.finditer(source))


def _is_in_a_comment(source: bytes, at: int) -> bool:
    return _NO_CODE.match(source[_line(source, at) : at]) is not None


def _line(source: bytes, at: int) -> int:
    """Where the line begins in which this stands."""
    return max(source.rfind(b"\n", 0, at), source.rfind(b"\r", 0, at)) + 1


def _stands_outside_comments(used: re.Pattern[bytes], source: bytes) -> bool:
    return any(not _is_in_a_comment(source, found.start()) for found in used.finditer(source))


def _sets_one(source: bytes) -> bool:
    """Whether a name that a framework reads is bound or added to, and not only a keyword of a call."""
    return any(
        not (found[0].endswith(b"=") and _is_keyword(source, found.start()))
        and not _is_in_a_comment(source, found.start())
        for found in _SETTING.finditer(source)
    )


def _is_keyword(source: bytes, start: int) -> bool:
    """Whether a name before `=` certainly stands in a call: a parenthesis is open on its line, or on one before it."""
    line = _line(source, start)
    before = _SHORT_TEXT.sub(b"", source[line:start]).strip()
    if before:
        is_open = before.endswith((b"(", b",")) and before.count(b"(") > before.count(b")")
        return is_open and b'"' not in before and b"'" not in before
    for _ in range(_LONGEST_CALL):
        end, line = line - 1, _line(source, max(line - 1, 0))
        last = source[line : max(end, 0)].strip()
        if last.endswith(b"(") or not last.endswith(b",") or b"#" in last:
            return last.endswith(b"(") and b"#" not in last
    return False


def _is_of_text(source: bytes, start: int, end: int) -> bool:
    before, behind = source[start - 1 : start], source[end : end + 1]
    if (before == behind and before in (b"'", b'"')) or source.startswith(b".<", start - 2):
        return True
    if before == b"`" or behind == b"`" or _is_in_a_comment(source, start):
        return True
    next_name = _NAME_BEHIND.match(source, end)
    if next_name is not None and next_name[1] not in _KEYWORDS:
        return True
    last_name = _NAME_BEFORE.search(source[max(start - _LONGEST_KEYWORD, 0) : start])
    return last_name is not None and last_name[1] not in _KEYWORDS


def _is_only_handed_on(word: bytes, used: re.Pattern[bytes], source: bytes) -> bool:
    """Whether it is nothing but `globals().keys()`, or an argument of what this file imports.

    Deprecated constants are served like this: `all_with_deprecated(globals())`, `partial(get, scope=globals())`. What
    is looked up in it there is not this file's doing.
    """
    if word not in (b"globals", b"locals"):
        return False
    parameters: set[bytes] = set()
    functions: set[bytes] = set()
    rest, at = [], 0
    for found in re.finditer(word, source):
        start, end = found.span()
        behind = _BEHIND.match(source, end)
        before = _BEFORE.search(source[max(start - _NEAR, 0) : start]) if behind else None
        if before is not None and behind is not None:
            parameters.add(before[1] or b"")
            functions.add(before[2] or b"")
            end = behind.end()
            start -= len(before[0])
        elif source.startswith(b"*", start - 1) and source.startswith(b"().keys()", end):
            start, end = start - 1, end + len(b"().keys()")
        else:
            continue
        rest.append(source[at:start])
        at = end
    if not rest:
        return False
    left = b" ".join((*rest, source[at:]))
    return (
        not used.search(left)
        and not any(re.search(rb"(?<!\w)" + parameter + rb"(?!\w)", left) for parameter in parameters if parameter)
        and all(_is_imported_only(function, source) for function in functions if function)
    )


def _is_imported_only(name: bytes, source: bytes) -> bool:
    """Whether a name stands only in calls, and in lines of an import."""
    if b"def " + name in source or name in _BUILT_IN:
        return False
    others = re.findall(rb"(?m)^(.*(?<![\w.])" + name + rb"(?!\w)(?!\().*)$", source)
    return bool(others) and all(re.match(rb"from\s|import\s|[ \t]+" + name + rb",?[ \t\r]*$", line) for line in others)


def _reaches_into_sys(source: bytes) -> bool:
    if _stands_outside_comments(_OF_SYS, source):
        return True
    is_asked = b"getattr" in source or b"__dict__" in source or b"vars" in source
    return is_asked and _SYS_ITSELF.search(source) is not None


def _encoding(source: bytes) -> str | None:
    """utf-8 or latin-1; None for an encoding whose bytes may not be the letters that they look like."""
    first = _FIRST_LINES.match(source)
    names = _COOKIE.findall(first.group()) if first and b"coding" in first.group() else []
    names = [name.lower().replace(b"_", b"-") for name in names]
    if all(name in _UTF8 for name in names):
        return "utf-8"
    return "latin-1" if all(name in _LATIN1 for name in names) else None


def _hides_a_loader(source: bytes, encoding: str) -> bool:
    """Whether a loader is spelled with letters that NFKC turns into plain ones."""
    other = source.translate(None, _ASCII).decode(encoding, "ignore")
    if not _LETTER.search(unicodedata.normalize("NFKC", other)):
        return False
    text = source.decode(encoding, "replace")
    return _spells_a_loader(unicodedata.normalize("NFKC", text).encode("utf-8", "replace"))
