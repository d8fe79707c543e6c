"""The embedding that a project names for monitoring: calls it and checks what it returns.

``module:function`` is called as ``function(features, *, model)``; ``model:name`` is the method
``name(features)`` of the model's object. Both return one array of numbers for each row.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from modelhost.array_input import own_input
from modelhost.errors import UsageError
from modelhost.model import LoadedModel
from modelhost.objects.adapter import Adapter
from modelhost.prediction_messages import encode_matrix
from modelhost.project_code import find_object, project_errors
from modelhost.text import truncate
from modelhost.text_input import text_column
from modelhost.wire import Message

KEY = "[monitoring] embedding"
MODEL = "model"
"""The name of the model's object in place of a module."""
MAX_NUMBERS = 65_536
"""Numbers of the embedding of one row."""


def embedded(request: Message, frame: Any, model: LoadedModel, specs: Sequence[Any]) -> Message:
    """The answer to a request: a matrix, and the seconds that the ``function`` in it took.

    Raises as ``call_embedding``.
    """
    began = time.perf_counter()
    embeddings = call_embedding(request.header["function"], frame, model, specs)
    header, buffers = encode_matrix(embeddings)
    return Message({**header, "seconds": time.perf_counter() - began}, buffers)


def call_embedding(spec: str, frame: Any, model: LoadedModel, specs: Sequence[Any]) -> Any:
    """The embeddings of the rows of ``frame``: shape (rows, numbers), float64.

    ``frame`` and ``specs``: as of ``LoadedModel.predict``. Raise ``UsageError`` if there is no such
    function or method, or it takes or returns something else; ``PackageError`` if it raises.
    """
    text = text_column(specs) if model.text_step else None
    argument = own_input(frame) if text is None else frame[text]
    embed = _function(spec, model)
    with project_errors(f"the embedding {spec}", traced=False):
        array = embed(argument)
        array = np.asarray(array.detach() if hasattr(array, "detach") else array)
    if array.dtype.kind not in "biuf" or array.ndim < 2 or len(array) != len(frame):
        raise UsageError(
            f"{KEY}: expected numbers of shape ({len(frame)}, …) from {spec}, got "
            f"{array.dtype} of shape {array.shape}",
            "return an array with the embedding of each row",
        )
    embeddings = array.reshape(len(array), -1).astype(np.float64)
    if not 0 < embeddings.shape[1] <= MAX_NUMBERS:
        raise UsageError(
            f"{KEY}: expected 1 to {MAX_NUMBERS:,} numbers for a row, got {embeddings.shape[1]:,}",
            "return the mean of parts of it",
        )
    return embeddings


def _function(spec: str, model: LoadedModel) -> Callable[[Any], Any]:
    own = model.native.fitted if isinstance(model.native, Adapter) else model.native
    module, _, name = spec.partition(":")
    if module != MODEL:
        _, function = find_object(spec, KEY)
        _check_signature(spec, function, "def embed(features, *, model)", model=own)
        return lambda rows: function(rows, model=own)
    method: Any = getattr(own, name, None)
    if not callable(method):
        raise UsageError(
            f"{KEY}: expected a method {name!r} of the model, a {type(own).__name__}, got none",
            'define it, or name a function of a module, "module:function"; "model:" always means'
            " the model",
        )
    _check_signature(spec, method, f"def {name}(self, features)")
    return lambda rows: method(rows)


def _check_signature(spec: str, called: Any, define: str, **named: Any) -> None:
    try:
        inspect.signature(called).bind(None, **named)
    except TypeError as error:
        raise UsageError(
            f"{KEY}: expected {spec} to take what this takes: {define}, got "
            f"{inspect.signature(called)}: {truncate(str(error))}",
            f"define it as: {define}",
        ) from error
    except ValueError:  # compiled code without a signature
        return
