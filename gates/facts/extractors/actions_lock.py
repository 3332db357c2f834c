"""What `.github/workflows/actions.lock` locks: each action at its ref to a commit, and what each workflow uses."""

from __future__ import annotations

from typing import Any, Optional, Union

import yaml


def extract(source: bytes) -> Optional[Union[str, tuple[Any, ...]]]:
    """`(dependencies, workflows)`: `(action, commit, uses)` and `(path, actions)`; a reason where it is no lock."""
    try:
        read = yaml.load(source.decode("utf-8-sig"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        dependencies = tuple(
            (str(action), str(said.get("commit", "")), tuple(map(str, said.get("uses") or ())))
            for action, said in dict(read.get("dependencies") or {}).items()
        )
        workflows = tuple(
            (str(path), tuple(map(str, actions or ()))) for path, actions in dict(read.get("workflows") or {}).items()
        )
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError) as error:
        return f"is no lock of actions: {str(error).partition(chr(10))[0]}"
    return dependencies, workflows
