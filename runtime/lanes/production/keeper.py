"""A component of the constellation: whether the memory can be asked, for /readyz."""

from __future__ import annotations

from typing import Optional

from runtime.errors import StoreFault
from runtime.memory.memory import Memory


class Keeper:
    """Asks the store how much it holds; a store that is gone cannot say."""

    name = "keeper"
    lane = "production"

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def fault(self) -> Optional[str]:
        """Why the service is not ready, by this component; None when it is."""
        try:
            self._memory.store.counts()
        except StoreFault as error:
            return f"the store is not open: {error}"
        return None
