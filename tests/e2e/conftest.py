from __future__ import annotations

from pathlib import Path

import pytest

from tests.lanes.announced import written_to


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What announces the plugins, for PYTHONPATH."""
    return written_to(tmp_path_factory.mktemp("site"))
