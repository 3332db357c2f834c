"""One scan for plugins in a process that has done nothing before: `ours`, or that of the standard library (`plain`).

Prints the CPU seconds of it, without its imports.
"""

from __future__ import annotations

import importlib.metadata
import sys
import time
from typing import Callable


def main(whose: str) -> None:
    """Scan once."""
    if whose == "ours":
        from runtime.registry.installed import installed

        scan: Callable[[], object] = installed
    else:
        scan = importlib.metadata.entry_points
    began = time.process_time()
    scan()
    print(time.process_time() - began)


if __name__ == "__main__":
    main(sys.argv[1])
