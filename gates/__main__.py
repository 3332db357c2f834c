"""python -m gates: an unchanged tree is answered at once, everything else by the command line."""

from __future__ import annotations

import os
import sys

from gates.asking import ask_ahead
from gates.replay import replay, root_of


def main() -> int:
    """Run the command line; the exit code."""
    try:
        code = replay(sys.argv[1:])
        if code is None:
            code = _made()
    except KeyboardInterrupt:
        return 130
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.gettrace() is None:  # else somebody measures what runs here, and writes it down at the end
        os._exit(code)  # all is written and closed; taking the facts of a big tree apart piece by piece takes a while
    return code


def _made() -> int:
    root = root_of(os.getcwd()) if sys.argv[1:2] == ["run"] else None
    if root is not None:
        ask_ahead(root)
    from gates.cli import main as command_line  # what an unchanged tree does not need

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
