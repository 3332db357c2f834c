"""Embedders that understand meaning, from libraries that are installed only where they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Optional

from runtime.errors import ConfigurationFault


class Model2VecEmbedder:
    """Static word vectors by model2vec: a folder or name of a model, or one that was loaded already."""

    def __init__(self, model: Any) -> None:
        if isinstance(model, str):
            try:
                from model2vec import StaticModel  # type: ignore[import-not-found, unused-ignore]
            except ImportError as error:
                raise _missing("model2vec", "model2vec") from error
            model = _loaded("model2vec", model, StaticModel.from_pretrained)
        self._model = model
        self.dimension = int(model.dim)

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One embedding of unit length for each text; without a known word, the first axis."""
        return _unit(self._model.encode(list(texts)), self.dimension)


class SentenceTransformerEmbedder:
    """A transformer by sentence-transformers: a folder or name of a model, or one that was loaded already."""

    def __init__(self, model: Any, device: Optional[str] = None) -> None:
        if isinstance(model, str):
            try:
                from sentence_transformers import (  # type: ignore[import-not-found, unused-ignore]
                    SentenceTransformer,
                )
            except ImportError as error:
                raise _missing("sentence-transformers", "sentence_transformers") from error
            model = _loaded("sentence-transformers", model, lambda name: SentenceTransformer(name, device=device))
        self._model = model
        # Newer releases call it so, and warn of the other name.
        dimension = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        self.dimension = int(dimension())

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One embedding of unit length for each text."""
        return _unit(self._model.encode(list(texts)), self.dimension)


def _missing(extra: str, module: str) -> ConfigurationFault:
    return ConfigurationFault(f"{module} is not installed: `pip install 'lukhas-gates[{extra}]'`, or name no model")


def _loaded(library: str, name: str, load: Callable[[str], Any]) -> Any:
    try:
        return load(name)
    except Exception as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ConfigurationFault(f"{library} cannot load the model {name!r}: {said}") from error


def _unit(rows: Any, dimension: int) -> list[tuple[float, ...]]:
    """Rows of a matrix as tuples of unit length; a row of zeros, which has no direction, is given the first axis."""
    import numpy as np

    matrix = np.asarray(rows, dtype=np.float64).reshape(-1, dimension)
    lengths = np.linalg.norm(matrix, axis=1)
    matrix[lengths == 0, 0] = 1.0
    lengths[lengths == 0] = 1.0
    return [tuple(row) for row in (matrix / lengths[:, None]).tolist()]
