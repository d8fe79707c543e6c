"""The state of a model in a message: a JSON table of its leaves, and their numbers."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Mapping, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.state import Leaf
from modelhost.wire import Buffer


def encode_state(leaves: Mapping[str, Leaf]) -> list[Buffer]:
    """Two buffers: rows ``[path, digest, shown, counts, shape, value, is bytes]``; all numbers."""
    rows, numbers = [], []
    for path, leaf in leaves.items():
        shape = None if leaf.numbers is None else list(leaf.numbers.shape)
        if leaf.numbers is not None:
            numbers.append(leaf.numbers.ravel())
        value: Any = leaf.value
        packed = isinstance(value, (bytes, bytearray))
        if packed:
            value = base64.b64encode(value).decode()
        rows.append([path, leaf.digest, leaf.shown, leaf.counts, shape, value, packed])
    flat = np.concatenate(numbers) if numbers else np.zeros(0)
    return [json.dumps(rows).encode(), flat.astype("<f8", copy=False).tobytes()]


def decode_state(buffers: Sequence[Buffer]) -> dict[str, Leaf]:
    """The inverse of ``encode_state``; raises ``PackageError`` for anything else."""
    try:
        table, content = buffers
        numbers = np.frombuffer(content, "<f8")
        leaves, start = {}, 0
        for path, digest, shown, counts, shape, value, packed in json.loads(bytes(table)):
            own = None
            if shape is not None:
                stop = start + math.prod(shape)
                own, start = numbers[start:stop].reshape(shape), stop
            plain = base64.b64decode(value) if packed else value
            leaves[str(path)] = Leaf(str(digest), own, str(shown), bool(counts), plain)
    except (ValueError, TypeError) as error:
        raise PackageError(
            f"the model's process described a state that can't be read: {error}",
            "does the project's code write to the descriptors of its process? It must not",
        ) from error
    return leaves
