"""Models of Keras."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers, Inputs
from modelhost.objects.matrices import matrix
from modelhost.objects.scores import (
    LOG_SOFTMAX,
    OPEN,
    SIGMOID,
    SOFTMAX,
    ScoringModel,
    adapt_scored,
)
from modelhost.objects.tensor_outputs import TensorModel, adapt_tensors
from modelhost.predictions import is_frame


def adapt_keras(native: Any, declared: DeclaredAnswers) -> Any:
    """A model of Keras; of several inputs, each takes the column of its name.

    Several outputs are those of ``[outputs]``, by their names if they have these.
    """
    several = _is_nested(native.output_shape)
    title = f"the Keras model {native.name}"
    if declared.outputs:
        model = TensorModel(
            native,
            title,
            lambda rows: _run(native, rows),
            _inputs(native),
            _endings(native),
            [_width(shape) for shape in _listed(native.output_shape)],
        )
        return adapt_tensors(model, declared.outputs)
    if several:
        raise PackageError(
            f"{title} has {len(native.output_shape)} outputs, expected one",
            "name each under [outputs], in place of task",
        )

    def answer(rows: Any) -> Any:
        return _run(native, rows)

    ending, width = _endings(native)[0], _width(native.output_shape)
    scored = ScoringModel(native, title, answer, _inputs(native), ending, width)
    return adapt_scored(scored, declared)


def _run(native: Any, rows: Any) -> Any:
    """The arrays of all outputs: one, or by their names."""
    arrays = native.predict_on_batch(_given(native, rows))
    if isinstance(arrays, dict):
        return {str(name): np.asarray(one) for name, one in arrays.items()}
    if isinstance(arrays, (list, tuple)):
        names = _output_names(native, len(arrays))
        return {name: np.asarray(one) for name, one in zip(names, arrays)}
    return np.asarray(arrays)


def _output_names(native: Any, count: int) -> list[str]:
    names = [str(one) for one in getattr(native, "output_names", None) or ()]
    return names if len({*names}) == count else [f"output {index}" for index in range(count)]


def _given(native: Any, rows: Any) -> Any:
    names, dtypes = _input_names(native), _input_dtypes(native)
    if not names:
        return matrix(rows, next(iter(dtypes.values()), np.float32))
    if not is_frame(rows):
        raise ValueError(f"the model has {len(names)} inputs, expected columns {', '.join(names)}")
    arrays = [matrix(rows[[name]], dtypes.get(name, np.float32)) for name in names]
    return dict(zip(names, arrays)) if isinstance(native.input_shape, dict) else arrays


def _input_names(native: Any) -> list[str]:
    """The names of several inputs; empty for one."""
    if isinstance(native.input_shape, dict):
        return [str(name) for name in native.input_shape]
    if not _is_nested(native.input_shape):
        return []
    return [str(one.name) for one in native.inputs]


def _input_dtypes(native: Any) -> dict[str, Any]:
    """Input → its dtype, of inputs that take whole numbers; the others are ``float32``."""
    told = {str(one.name): str(one.dtype) for one in getattr(native, "inputs", None) or ()}
    return {name: np.dtype(dtype) for name, dtype in told.items() if "int" in dtype}


def _inputs(native: Any) -> Inputs:
    names = _input_names(native)
    if names:
        return Inputs(names=names)
    taken = native.input_shape
    return Inputs(width=taken[1] if len(taken) == 2 else None)


def _is_nested(shape: Any) -> bool:
    """Whether it is the shape of several tensors: a list, a dict, or a tuple of tuples."""
    return isinstance(shape, (list, dict)) or (bool(shape) and isinstance(shape[0], tuple))


def _listed(shape: Any) -> list[Any]:
    if isinstance(shape, dict):
        return list(shape.values())
    return list(shape) if _is_nested(shape) else [shape]


def _width(shape: Sequence[int | None]) -> int | None:
    return shape[-1] if len(shape) == 2 else None


def _endings(native: Any) -> list[str]:
    """The last activation of each output."""
    tensors = getattr(native, "outputs", None) or ()
    layers = [getattr(getattr(one, "_keras_history", None), "operation", None) for one in tensors]
    if len(layers) < 2:
        layers = [native.layers[-1] if native.layers else None]
    return [_ending(layer) for layer in layers]


def _ending(layer: Any) -> str:
    if type(layer).__name__ == "Softmax":
        return SOFTMAX
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return name if name in (SOFTMAX, SIGMOID, LOG_SOFTMAX) else OPEN
