"""import-linter's contract types, with what is loaded by name in their graph: `gates_layers: gates.contracts.Layers`.

Each has the options of the type that it is named after, and two more: `opaque` and `opaque_allowed_in`.
"""

from __future__ import annotations

from gates.errors import GatesError

try:
    from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
    from importlinter.contracts.forbidden import ForbiddenContract
    from importlinter.contracts.independence import IndependenceContract
    from importlinter.contracts.layers import LayersContract
    from importlinter.contracts.protected import ProtectedContract
except ImportError as error:
    needed = "import-linter 2.7 or newer, on Python 3.11 or newer"
    raise GatesError(f"gates.contracts needs {needed} ({error}); pip install 'lukhas-gates[import-linter]'") from error

from gates.contracts.seeing import SeesLoads


class AcyclicSiblings(SeesLoads, AcyclicSiblingsContract):
    """No cycle between the children of a package, through what they load by name either."""


class Forbidden(SeesLoads, ForbiddenContract):
    """What must not be imported is not loaded by name either."""


class Independence(SeesLoads, IndependenceContract):
    """What must not know each other does not by name either."""


class Layers(SeesLoads, LayersContract):
    """Lower layers do not load higher ones by name either."""


class Protected(SeesLoads, ProtectedContract):
    """Only the allowed importers load the protected modules by name, too."""
