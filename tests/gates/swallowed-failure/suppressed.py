"""contextlib.suppress of everything, and of less."""

import contextlib
import contextlib as c
from contextlib import ExitStack, suppress
from contextlib import suppress as s

quiet = suppress


def statement(work):
    with contextlib.suppress(Exception):  # finds
        work()
    with suppress(ValueError, BaseException):  # finds
        work()
    with s(Exception), open("x") as stream:  # finds
        work(stream)
    with c.suppress(*(KeyError, Exception)):  # finds
        work()
    with quiet(Exception):  # finds
        work()


async def entered(work):
    with ExitStack() as stack:
        stack.enter_context(suppress(Exception))  # finds
        work()
    ignoring = suppress(Exception)  # finds
    with ignoring:
        work()
    if work:
        return suppress(Exception)  # finds
    return lambda: suppress(Exception)  # finds


def narrow(work, mock):
    with contextlib.suppress(KeyError, ValueError):
        work()
    with suppress():
        work()
    with mock.suppress(Exception):
        work()
