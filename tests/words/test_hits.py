"""Where a retired word stands, what it is there, and where it only seems to stand."""

from __future__ import annotations

import string
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gates.facts.extractors.words import (
    json_file,
    markdown_file,
    python_file,
    text_file,
    toml_file,
    yaml_file,
)
from gates.facts.extractors.words.hits import BINARY, Hit
from gates.facts.extractors.words.terms import Sought, argument, patterns
from gates.facts.words import language_of

TERMS = (
    Sought("Zephyr"),
    Sought("UFO"),
    Sought("galaxy"),
    Sought("flying saucer machine"),
    Sought("old_"),
    Sought("Github", exact=True, inflected=False),
)
SAID = argument(TERMS)
LANGUAGES: dict[str, Any] = {
    module.__name__: module for module in (json_file, markdown_file, python_file, text_file, toml_file, yaml_file)
}


def extracted(path: str, content: bytes) -> Any:
    return LANGUAGES[language_of(path)].extract(content, SAID)


def found(path: str, text: str) -> list[tuple[str, str]]:
    """Kind and token of each hit."""
    answer = extracted(path, text.encode())
    return [(hit.kind, hit.token) for hit in map(Hit._make, answer[0])] if answer else []


def aside(path: str, text: str) -> dict[str, int]:
    answer = extracted(path, text.encode())
    counted: Counter[str] = Counter()
    for _, why, many in answer[1] if answer else ():
        counted[why] += many
    return dict(counted)


# As part of a name, in whatever spelling

NAMES = [
    "Zephyr",
    "zephyr",
    "ZEPHYR",
    "zephyr_core",
    "core_zephyr",
    "the_zephyr_core",
    "_zephyr",
    "__zephyr__",
    "ZEPHYR_MODE",
    "zephyrCore",
    "theZephyr",
    "theZephyrCore",
    "ZephyrCore",
    "zephyr2",
    "v2zephyr",
    "zephyr_2",
    "HTTPZephyr",
    "ZEPHYRCore",
    "zephyrs",
    "ZephyrsOf",
    "ufo",
    "UFOs",
    "UFOS",
    "UFOSystem",
    "UFOsystem",
    "myUFO",
    "my_ufo2",
    "AnUfo",
    "galaxies",
    "GalaxiesOfOld",
    "flying_saucer_machine",
    "FlyingSaucerMachine",
    "flyingSaucerMachines",
    "FLYING_SAUCER_MACHINE",
    "old_nodes",
    "the_old_nodes",
    "Github",
    "GithubToken",
    "\u039bUFO",  # another script begins another word
    "\u8239UFO",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_holds_the_word_is_found_whole(name: str) -> None:
    assert found("a.py", f"{name} = 1\n") == [("identifier", name)]


OTHERS = [
    "prezephyr",
    "zephyrine",
    "Zephyrine",
    "rezephyred",
    "ufology",
    "tufo",
    "TUFOS",
    "STUFO",
    "kungfuUfology",
    "galaxylike",
    "golden",
    "cold_nodes",
    "sold_out",
    "OLDER_NODES",
    "old",
    "github",
    "GITHUB",
    "GitHub",
    "Githubs",
    "flyingsaucermachine",
    "flying_saucer",
    "saucer_machine",
    "zephy_r",
    "ze_phyr",
    "\u00e9zephyr",  # the same script
    "zephyr\u00e9",
]


@pytest.mark.parametrize("name", OTHERS)
def test_another_word_that_has_the_same_letters_is_none(name: str) -> None:
    assert found("a.py", f"{name} = 1\n") == []
    assert found("a.md", f"Of {name}.\n") == []


# What it is, by the language of the file

ZEPHYR_PAIR = [("key", "zephyr"), ("string", "Zephyr")]
KINDS = [
    ("a.py", "class ZephyrNode: ...\n", [("identifier", "ZephyrNode")]),
    ("a.py", "f(zephyr=1)\n", [("identifier", "zephyr")]),
    ("a.py", "x.zephyr.y\n", [("identifier", "zephyr")]),
    ("a.py", "import zephyr.core as z\n", [("path", "zephyr")]),
    ("a.py", "from a.zephyr import b\n", [("path", "zephyr")]),
    ("a.py", "from a import zephyr\n", [("identifier", "zephyr")]),
    ("a.py", "x = 'a Zephyr here'\n", [("string", "Zephyr")]),
    ("a.py", "x = f'{zephyr} is'\n", [("identifier", "zephyr")]),
    ("a.py", "x = {'zephyr_mode': 1}\n", [("key", "zephyr_mode")]),
    ("a.py", "x['zephyr_mode']\n", [("key", "zephyr_mode")]),
    ("a.py", "x = ['zephyr']\n", [("string", "zephyr")]),
    ("a.py", "for x in ['zephyr']: ...\n", [("string", "zephyr")]),
    ("a.py", "x = 1  # a Zephyr\n", [("comment", "Zephyr")]),
    ("a.py", '"""A Zephyr."""\n', [("prose", "Zephyr")]),
    ("a.py", "def f():\n    '''A Zephyr.'''\n", [("prose", "Zephyr")]),
    ("a.py", "f(\n    '''a Zephyr'''\n)\n", [("string", "Zephyr")]),
    ("a.py", "x = '# Zephyr'\n", [("string", "Zephyr")]),
    ("a.py", "def broken(:\n    zephyr = '\n", [("identifier", "zephyr")]),
    ("a.pyi", "zephyr: int\n", [("identifier", "zephyr")]),
    ("a.md", "The Zephyr's wind, and a Zephyr-based one.\n", [("prose", "Zephyr"), ("prose", "Zephyr-based")]),
    ("a.md", "Call `zephyr_run`.\n", [("identifier", "zephyr_run")]),
    ("a.md", "```python\nzephyr = 1\n```\n", [("identifier", "zephyr")]),
    ("a.md", "See [it](docs/zephyr.md#top).\n", [("path", "zephyr")]),
    ("a.md", "See `src/zephyr/core.py`.\n", [("path", "zephyr")]),
    ("a.md", "[it]: zephyr.md\n", [("path", "zephyr")]),
    ("a.md", "<!-- a Zephyr -->\n", [("comment", "Zephyr")]),
    ("a.md", "---\nzephyr: x\ntitle: A Zephyr\n---\nText.\n", [("key", "zephyr"), ("string", "Zephyr")]),
    ("a.md", "> [!NOTE]\n> The Zephyr blows.\n", [("prose", "Zephyr")]),
    ("a.toml", "zephyr = 1  # Zephyr\n", [("key", "zephyr"), ("comment", "Zephyr")]),
    ("a.toml", "[tool.zephyr]\nx = 'Zephyr'\n", [("key", "zephyr"), ("string", "Zephyr")]),
    ("a.toml", "x = {zephyr = 1}\n'a zephyr' = 2\n", [("key", "zephyr"), ("key", "zephyr")]),
    ("a.toml", 'x = """\nzephyr = 1\n"""\n', [("string", "zephyr")]),
    ("a.yaml", "zephyr: a Zephyr  # Zephyr\n", [("key", "zephyr"), ("string", "Zephyr"), ("comment", "Zephyr")]),
    ("a.yaml", "- 'zephyr': 1\n- {zephyr: 2}\n- zephyr\n", [("key", "zephyr")] * 2 + [("string", "zephyr")]),
    ("a.yaml", "run: |\n  zephyr: no key\n", [("string", "zephyr")]),
    ("a.yaml", "x: 'a # zephyr'\n", [("string", "zephyr")]),
    ("a.json", '{"zephyr": "a Zephyr", "x": {"zephyr_2": 1}}', [*ZEPHYR_PAIR, ("key", "zephyr_2")]),
    ("a.js", "const zephyrCore = 1;\n", [("identifier", "zephyrCore")]),
    ("a.txt", "A Zephyr blows.\n", [("prose", "Zephyr")]),
    ("Makefile", "zephyr: all\n", [("prose", "zephyr")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "expected"), KINDS)
def test_the_language_of_the_file_says_what_the_word_is(path: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(path, text) == expected


# Phrases

PHRASES = [
    ("a.md", "A flying saucer machine.\n"),
    ("a.md", "A Flying\nSaucer Machine.\n"),
    ("a.md", "- a flying saucer\n  machine\n"),
    ("a.md", "A flying-saucer machine.\n"),
    ("a.py", "# A flying\n#   saucer machine\n"),
    ("a.py", 'x = ("a flying "\n     "saucer machine")\n'),
    ("a.yaml", "x: a flying\n  saucer machine\n"),
    ("a.txt", "A flying\r\nsaucer machine.\n"),
]


@pytest.mark.parametrize(("path", "text"), PHRASES)
def test_a_phrase_is_found_over_a_line_break_and_what_begins_the_next_line(path: str, text: str) -> None:
    assert len(found(path, text)) == 1


@pytest.mark.parametrize(
    "text", ["A flying\n\nsaucer machine.\n", "A flying. Saucer machine.\n", "flying saucer, machine"]
)
def test_what_a_full_stop_or_an_empty_line_parts_is_no_phrase(text: str) -> None:
    assert found("a.md", text) == []


# Letters that look like others

DISGUISED = [
    "Z\u0435phyr",  # Cyrillic e
    "Zephy\u200br",  # zero width space
    "Zeph\u00adyr",  # soft hyphen
    "\uff3a\uff45\uff50\uff48\uff59\uff52",  # full width
    "\U0001d419\U0001d41e\U0001d429\U0001d421\U0001d432\U0001d42b",  # mathematical bold
    "\u0396ephyr",  # Greek capital zeta
    "ZEPH\u03a5R",  # Greek capital upsilon
    "U\ua4deO".replace("\ua4de", "\u03dc"),  # Greek digamma
]


@pytest.mark.parametrize("word", DISGUISED, ids=ascii)
def test_a_letter_that_only_looks_like_another_hides_nothing(word: str) -> None:
    (hit,) = extracted("a.md", f"Über a {word}!\n".encode())[0]

    assert (Hit(*hit).spelled, Hit(*hit).line, Hit(*hit).column) == (word, 1, 8)


@pytest.mark.parametrize("text", ["Это старый самолёт.", "Ζέφυρος", "caf\u00e9 z\u00e9phyr\u00e9", "😀\u200d😀 \ufeff"])
def test_a_word_of_another_script_is_another_word(text: str) -> None:
    assert found("a.md", text) == []


# What is none of ours

SET_ASIDE = [
    ("a.md", "See https://example.org/zephyr/x and www.zephyr.org.\n", {"address": 2}),
    ("a.md", "Write to zephyr@example.org or to me@zephyr.org.\n", {"address": 2}),
    ("a.md", "[it](https://example.org/ZephyrNode)\n", {"address": 1}),
    ("a.py", "X = 'git@github.com:zephyr/x.git'\n", {"address": 1}),
    ("a.sh", "cd /home/zephyr_dev/project\n", {"home folder": 1}),
    ("a.sh", "cd /Users/old_dev/x && ls ~zephyr/y\n", {"home folder": 2}),
    ("a.txt", "C:\\Users\\zephyr\\x\n", {"home folder": 1}),
    ("a.json", '{"sha": "dGhpcyBpcyB1UFO+a7Ud9zQx1Rb2Kc3Ld4/Me5="}', {"blob": 1}),
    ("a.md", "> The seed says Zephyr.\n", {"quotation": 1}),
    ("a.md", "<!-- gates:quote-begin -->\nA Zephyr.\n<!-- gates:quote-end -->\n", {"quotation": 1}),
    ("a.py", "X = 'zephyr'  # gates:quote\n", {"quotation": 1}),
    ("a.json", '{"$schema": "https://example.org/s.json", "zephyr": 1}', {"schema": 1}),
    ("a.yaml", "$schema: https://example.org/s.json\nzephyr: 1\n", {"schema": 1}),
]


@pytest.mark.parametrize(("path", "text", "expected"), SET_ASIDE)
def test_an_address_a_home_a_blob_a_quotation_a_foreign_key_are_counted_and_no_hits(
    path: str, text: str, expected: dict[str, int]
) -> None:
    assert found(path, text) == []
    assert aside(path, text) == expected


STILL_FOUND = [
    ("a.sh", "cd /home/somebody/zephyr/x\n"),  # below a home folder
    ("a.md", "> quoted\n\nA Zephyr.\n"),  # after a quotation
    ("a.md", "gates:quote-end\nA Zephyr.\n"),  # nothing was begun
    ("a.md", "https://example.org and Zephyr.\n"),
    ("a.py", "TestTheZephyrFrameworkIntegrationWithProtocol2 = 1\n"),  # long, and no blob
    ("a.json", '{"$schema": "https://example.org/s.json", "x": "Zephyr"}'),  # a value is ours
    ("a.json", '{"x": {"$schema": "https://example.org"}, "zephyr": 1}'),  # only a part is in that schema
]


@pytest.mark.parametrize(("path", "text"), STILL_FOUND)
def test_what_stands_beside_them_is_a_hit_all_the_same(path: str, text: str) -> None:
    assert len(found(path, text)) == 1


# Files of every sort


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", None),
        (b"nothing here", None),
        (b"\0Zephyr", BINARY),
        ("Zephyr".encode("utf-16"), 1),
        (b"\xef\xbb\xbfZephyr", 1),
        (b"Zephyr \xe9", 1),
        (b"Zephyr\r\nZephyr\rZephyr", 3),
    ],
)
def test_a_file_is_text_in_utf_8_utf_16_or_latin_1_or_it_is_binary(content: bytes, expected: object) -> None:
    answer = extracted("a.txt", content)

    assert (len(answer[0]) if isinstance(answer, tuple) else answer) == expected


def test_a_claim_is_cited_where_its_paragraph_holds_a_link() -> None:
    said = argument([Sought("matchless", cited=True)])
    text = "A matchless thing.\n\nA matchless\nthing, see [the figures](bench.md).\n\nA matchless one[^1].\n"

    answer: Any = markdown_file.extract(text.encode(), said)

    assert [Hit(*hit).is_cited for hit in answer[0]] == [False, True, True]


# Against a slow and simple program


def plainly(text: str) -> list[int]:
    """Where `ufo` or `ufos` begins as a word: between any two places where a word may begin or end."""
    joints = [at for at in range(len(text) + 1) if at in (0, len(text)) or _parts(text, at)]
    found: list[int] = []
    last = 0
    for begun in joints:
        ends = [end for end in joints if begun >= last and text[begun:end].lower() in ("ufo", "ufos")]
        if ends:
            found.append(begun)
            last = max(ends)
    return found


def _parts(text: str, at: int) -> bool:
    before, here, after = text[at - 1], text[at], text[at + 1 : at + 2]
    if not here.isalnum() or not before.isalnum() or before.isdigit() != here.isdigit():
        return True
    return here.isupper() and (before.islower() or after.islower())


@given(st.text(alphabet="ufosUFOS_ -.1x", max_size=30))
@example("ufoUfo1ufos")
def test_words_are_parted_as_a_simple_program_parts_them(text: str) -> None:
    if any(text[at].isupper() and text[at - 1].isupper() for at in range(1, len(text))):
        return  # acronyms beside small letters are told above, case by case
    answer: Any = text_file.extract(text.encode(), argument([Sought("UFO")]))

    assert [Hit(*hit).start for hit in answer[0]] == plainly(text) if answer else plainly(text) == []


@given(st.text(alphabet=string.ascii_letters + "_ \n\u0435\u200b\uff3a#", max_size=60), st.integers(0, 60))
def test_the_scan_never_rules_out_what_the_close_look_would_find(noise: str, at: int) -> None:
    from gates.facts.extractors.words.look_alikes import folded

    text = f"{noise[:at]} zephyr {noise[at:]}"
    sought = patterns(SAID)

    for content in (text, noise):
        if sought.occurrences(folded(content)):
            assert sought.may_occur(content.encode()) or not any(letter.isascii() for letter in content)
