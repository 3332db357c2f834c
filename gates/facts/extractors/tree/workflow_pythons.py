"""The versions of Python that a workflow names under `python-version` and the like; and whether that is all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VERSION = re.compile(r"(?<![\d.])3\.\d{1,2}(?!\d)")
_DEEPEST = 30


def extract(source: bytes) -> Optional[tuple[tuple[str, ...], bool]]:
    """Versions, sorted as they are written; False where an expression stands for some. ValueError: no YAML."""
    try:
        trees = list(yaml.compose_all(source.decode("utf-8-sig", "replace"), _LOADER))
    except yaml.YAMLError as error:
        raise ValueError(str(error).split("\n")[0]) from None
    texts = [text for tree in trees for text in _texts(tree, False, 0)]
    versions = tuple(dict.fromkeys(version for text in texts for version in _VERSION.findall(text)))
    whole = not any("fromJSON" in text or "inputs." in text or "outputs." in text for text in texts)
    return (versions, whole) if texts else None


def _texts(node: Any, is_python: bool, depth: int) -> Iterator[str]:
    """The scalars below a key that speaks of Python."""
    if depth > _DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(getattr(key, "value", "")).lower()
            about = "python" in name or name in ("py", "pyversion", "py-version", "toxenv", "tox-env", "nox", "session")
            yield from _texts(value, about or (is_python and name in ("include", "version")), depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _texts(child, is_python, depth + 1)
    elif is_python and node is not None:
        yield str(node.value)
