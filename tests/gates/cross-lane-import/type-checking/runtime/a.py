from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from candidate.core import SHAPE  # finds: candidate.core
