"""Which modules a pickle names: read from its opcodes, and nothing of it is done."""

from __future__ import annotations

from collections.abc import Iterator

_MOST_OPCODES = 10_000
# What puts a text on the pickle machine's stack.
_TEXTS = frozenset("SHORT_BINUNICODE BINUNICODE BINUNICODE8 UNICODE STRING BINSTRING SHORT_BINSTRING".split())
_REMEMBERING = frozenset({"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})
_RECALLING = frozenset({"GET", "BINGET", "LONG_BINGET"})


def named_by(data: bytes) -> Iterator[str]:
    """The modules from which a pickle takes something by name."""
    import pickletools  # (few files hold a pickle)

    texts: list[str] = []
    kept: dict[object, str] = {}
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if number > _MOST_OPCODES:
                return
            if opcode.name in ("GLOBAL", "INST") and isinstance(argument, str):
                yield argument.split(" ")[0]
            elif opcode.name in _TEXTS and isinstance(argument, str):
                texts.append(argument)
            elif opcode.name in _REMEMBERING and texts:
                kept[argument if argument is not None else len(kept)] = texts[-1]
            elif opcode.name in _RECALLING:
                texts.append(kept.get(argument, ""))
            elif opcode.name == "STACK_GLOBAL" and len(texts) > 1:
                yield texts[-2]
    except (ValueError, LookupError, UnicodeDecodeError, OverflowError):
        return
