"""A checkout that lies on no disk: what a gate of the supply chain is shown in a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Union

from gates.facts.checkout import Checkout
from gates.facts.files import Files


def case(gate: str, name: str) -> Checkout:
    """One of the cases of a gate."""
    folder = Path(__file__).parents[1] / "gates" / gate / name
    files = (file for file in folder.rglob("*") if file.is_file())
    return tree_of({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})


def tree_of(files: Mapping[str, Union[str, bytes]]) -> Checkout:
    """Files by path."""
    laid = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return Checkout(Path("nowhere"), Files.of(())).overlaid(laid)
