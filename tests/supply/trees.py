"""A checkout that lies on no disk: what a gate of the supply chain is shown in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Union

from gates.facts.checkout import Checkout
from gates.facts.files import Files


def tree(**files: Union[str, bytes]) -> Checkout:
    """Files by path."""
    return tree_of(files)


def tree_of(files: dict[str, Union[str, bytes]]) -> Checkout:
    """Files by path, where the paths are no words."""
    laid = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return Checkout(Path("nowhere"), Files.of(())).overlaid(laid)
