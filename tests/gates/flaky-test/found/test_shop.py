"""What the recording speaks of."""

from shop import price


def test_price():
    assert price(10.0) == 10.0


def test_debug():
    assert price(10.0, mode="debug") == 0.0
