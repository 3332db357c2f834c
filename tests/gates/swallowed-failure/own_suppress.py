"""A function of one's own that is called like the one that suppresses."""

import contextlib


@contextlib.contextmanager
def suppress(kind):
    yield kind


def uses(work):
    with suppress(Exception):
        work()
    with contextlib.suppress(Exception):  # finds
        work()
