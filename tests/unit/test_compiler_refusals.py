"""What the compiler refuses though it parses: found where the layout of the lines shows it."""

from __future__ import annotations

import pytest

from gates.facts.extractors.compiler_refusals import may_be_refused
from gates.facts.extractors.python_syntax import Unparsable, extract

REFUSED = [
    "import os\nfrom __future__ import annotations\n",
    "'''doc'''\nx = 1\nfrom __future__ import annotations\n",
    "from __future__ import annotations\nimport os\nfrom __future__ import division\n",
    "'''doc'''\n'''no doc'''\nimport os\nif x:\n    from __future__ import annotations\n",
    '"""doc"""\nfrom __future__ import annotations\nimport os\nfrom __future__ import division\n',
    '"""doc \\""" """\nimport os\nfrom __future__ import annotations\n',
    '"""a"""; x = """\nfrom __future__ import annotations"""\nimport os\nfrom __future__ import division\n',
    "return 1\n",
    "x = 1\nreturn\n",
    "if x:\n    return\n",
    "try:\n    pass\nfinally:\n    if x:\n        for y in z:\n            return y\n",
    "def f():\n    return 1\nif x:\n    return f()\n",
    "class A:\n    x = 1\n    return x\n",
    "class A:\n    def f(self):\n        pass\n    return self\n",
    "class A:\n\tdef f(self):\n\t\tpass\n\treturn self\n",
    "yield 1\n",
    "await x\n",
    "async with x:\n    pass\n",
    "break\n",
    "if x:\n    continue\n",
    "class A:\n    break\n",
    "__debug__ = 1\n",
    "def f(__debug__): pass\n",
    "try: pass\nexcept: pass\nexcept KeyError: pass\n",
    "def f():\n    try:\n        pass\n    except:\n        pass\n\n    except KeyError:\n        pass\n",
]
TAKEN = [
    "",
    '"""doc"""\n\nfrom __future__ import annotations\nimport os\n',
    (
        "#!/usr/bin/python\n"
        "# -*- coding: utf-8 -*-\n'''doc\n\"x\"'''\n\nfrom __future__ import annotations  # why\nimport os\n"
    ),
    (
        'r"""doc "x" \\ """\n'
        "from __future__ import (\n    annotations,\n    division,\n)\nfrom __future__ import generators\n"
    ),
    (
        "class A:\n    def f(self):\n        return 1\n"
        "\n    async def g(self):\n        await x\n\ndef f():\n    return 1\n"
    ),
    "def f():\n    try:\n        pass\n    except KeyError:\n        pass\n    except:\n        pass\n    return 1\n",
    "try: pass\nexcept: pass\ntry: pass\nexcept KeyError: pass\n",
    "returned = 1\nclass A:\n    returned = 1\nfor x in y:\n    breaking = 1\n",
]


@pytest.mark.parametrize("source", REFUSED)
def test_what_parses_and_does_not_compile_is_refused_with_the_compilers_own_words(source: str) -> None:
    with pytest.raises(SyntaxError) as refusal:
        compile(source, "x.py", "exec", dont_inherit=True)

    fields = extract(source.encode())

    assert fields is not None
    found = Unparsable(*fields)
    assert (found.line, found.message, found.kind) == (refusal.value.lineno, refusal.value.msg, "syntax")


@pytest.mark.parametrize("source", TAKEN)
def test_what_compiles_and_looks_like_it_is_not_even_compiled(source: str) -> None:
    compile(source, "x.py", "exec", dont_inherit=True)

    assert not may_be_refused(source.encode())


@pytest.mark.parametrize("source", ["for x in y:\n    break\n", "while x:\n    if y:\n        continue\n"])
def test_what_looks_suspicious_and_compiles_is_taken(source: str) -> None:
    assert may_be_refused(source.encode())
    assert extract(source.encode()) is None


@pytest.mark.parametrize(
    "text", ["\n    except:\n" + "         \n" * 2000, '"""' + '"' * 5000, "'''\\" * 3000, "#\n" * 5000]
)
def test_the_scan_of_what_was_made_to_be_slow_comes_to_an_end(text: str) -> None:
    assert may_be_refused(f"{text}__future__".encode())
