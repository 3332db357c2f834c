"""Takes the network away from the tests: a namespace of their own, in which there is loopback and nothing else.

What they start is in it, too. Root makes one as it is; who is not root makes a namespace of users with it, where the
machine allows that.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

# From sched.h, sockios.h and if.h.
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _IS_UP = 0x8913, 0x8914, 0x1
_LOOPBACK = b"lo"
_TOP = Path(__file__).parents[1]


def leave() -> str:
    """Leave the network. Why this machine does not allow it, and the network is still there; "" where it is gone."""
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no network namespaces"
    if [name for _, name in socket.if_nameindex()] == [_LOOPBACK.decode()]:
        return ""
    # Tried in a process of its own first: who has left halfway, with loopback down, cannot come back.
    tried = subprocess.run([sys.executable, "-m", "tests.without_network"], cwd=_TOP, check=False).returncode
    return f"this machine allows no network namespace: {os.strerror(tried)}" if tried else _left()


def _left() -> str:
    ids = {"uid_map": os.geteuid(), "gid_map": os.getegid()}
    is_root = ids["uid_map"] == 0
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(_NEW_NETWORK if is_root else _NEW_NETWORK | _NEW_USERS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if not is_root:
        _write("setgroups", "deny")  # without this an ordinary user may map no group
        for name, number in ids.items():
            _write(name, f"{number} {number} 1")
    _raise_loopback()
    return ""


def _write(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _raise_loopback() -> None:
    import fcntl  # other systems have none

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        said = fcntl.ioctl(asked, _GET_FLAGS, struct.pack("16sH14x", _LOOPBACK, 0))
        (flags,) = struct.unpack_from("H", said, 16)
        fcntl.ioctl(asked, _SET_FLAGS, struct.pack("16sH14x", _LOOPBACK, flags | _IS_UP))


if __name__ == "__main__":
    try:
        _left()
    except OSError as error:
        sys.exit(error.errno or errno.EPERM)
