"""A few documents that the golden path asks about, and a service that remembers them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from runtime.app import App, opened
from runtime.settings import Settings
from runtime.telemetry.events import Observer
from tests.lanes.announced import installed

DOCUMENTS = {
    "lighthouse.md": (
        "# The lighthouse\n\n"
        "The lighthouse at Arkona was built in 1827. It stands on the northern cape of the island.\n\n"
        "## Its keeper\n\nThe keeper lives in the house beside the tower, and lights the lamp at dusk.\n"
    ),
    "harbour.md": (
        "# The harbour\n\n"
        "The harbour closes when the wind is stronger than nine on the scale of Beaufort.\n\n"
        "Ships that arrive after that wait in the lee of the island.\n"
    ),
    "bakery.txt": "The bakery opens at six. On Sundays it opens at eight.\n",
}
PATIENT = Settings(store="memory:", budget=10.0)


@contextlib.asynccontextmanager
async def fed(settings: Settings = PATIENT, observers: Sequence[Observer] = ()) -> AsyncIterator[App]:
    """The service with the documents in its memory; its budget is long, because nothing here is about time."""
    app = await opened(settings, observers, installed(), required=("node",))
    try:
        documents: Any = app.registry.resolve("adapter:documents")
        for path, text in DOCUMENTS.items():
            app.feed(path, documents.passages(text))
        yield app
    finally:
        await app.close()
