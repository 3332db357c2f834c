"""What the planted tests are about: a shop with a few settings and caches at module level."""

from __future__ import annotations

import os

CONFIG = {"mode": "prod"}
CURRENCIES: dict[str, float] = {}
SEEN: list[str] = []
HANDLERS = ["audit"]


def price(amount: float) -> float:
    """What is to be paid: nothing in a test drive."""
    return 0.0 if CONFIG["mode"] == "debug" else amount


def in_currency(amount: float, currency: str) -> float:
    """The amount in another currency, as loaded."""
    return amount * CURRENCIES[currency]


def region() -> str:
    """Where the shop sells."""
    return os.environ.get("SHOP_REGION", "eu")


def tags(words: str) -> list[str]:
    """The words, each once, in no order that is promised."""
    return list(set(words.split()))
