"""Checks of the tables of trees, before C code reads them: they come from the model's process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("children_left", "children_right", "feature"), "<i8"),
    **dict.fromkeys(("node_count", "n_node_samples", "left_bitset_count"), "<i8"),
    **dict.fromkeys(("threshold", "value", "impurity", "base_scores"), "<f8"),
    "weighted_n_node_samples": "<f8",
    "missing_go_to_left": "|u1",
    **dict.fromkeys(("left_bitsets", "known_bitsets", "bitset_of_feature"), "<u4"),
    **dict.fromkeys(("nodes", "bytes"), "|u1"),
}
"""Name of an array → its type."""
BITSET_WORDS = 8
"""Words of 32 bits in the bit set of a split on categories."""
_FEATURE_TYPES = {52: "<u4", 56: "<i8"}
"""Size of a node of histogram gradient boosting → the type of its feature's index."""


def check(fits: bool) -> None:
    """Raise ``ValueError`` if tables don't fit together."""
    if not fits:
        raise ValueError("its tables don't fit together")


def check_types(arrays: Arrays) -> None:
    """Raise ``ValueError`` unless every array has the type that C code reads."""
    for name, array in arrays.items():
        check(array.ndim == 1 and array.dtype.str == TYPES.get(name))


def check_nodes(arrays: Arrays, features: int) -> None:
    """Raise ``ValueError`` unless children follow their parents and features exist."""
    counts = arrays["node_count"]
    left, right = arrays["children_left"], arrays["children_right"]
    check(len(left) == len(right) == len(arrays["feature"]) == int(counts.sum()))
    inner = left >= 0
    check(bool(((right >= 0) == inner).all()))
    _check_tree(counts, inner, (left, right), arrays["feature"], features)


def check_binned_nodes(arrays: Arrays, features: int, item_size: int, categorical: int) -> None:
    """The same for the nodes of histogram gradient boosting, and that their bit sets exist."""
    counts, sets = arrays["node_count"], arrays["left_bitset_count"]
    check(item_size in _FEATURE_TYPES and len(sets) == len(counts))
    check(len(arrays["nodes"]) == int(counts.sum()) * item_size)
    check(bool((sets % BITSET_WORDS == 0).all()))
    check(len(arrays["known_bitsets"]) == categorical * BITSET_WORDS)
    check(len(arrays["bitset_of_feature"]) == features)
    nodes = np.frombuffer(arrays["nodes"].tobytes(), _node_type(item_size))
    inner = nodes["is_leaf"] == 0
    children = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_tree(counts, inner, children, nodes["feature"].astype(np.int64), features)
    split = inner & (nodes["is_categorical"] != 0)
    check(bool((nodes["bitset"] < np.repeat(sets // BITSET_WORDS, counts))[split].all()))
    known = arrays["bitset_of_feature"][nodes["feature"][split].astype(np.int64)]
    check(bool((known < categorical).all()))


def _check_tree(
    counts: npt.NDArray[Any],
    inner: npt.NDArray[np.bool_],
    children: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    feature: npt.NDArray[Any],
    features: int,
) -> None:
    indices = np.concatenate([np.arange(count) for count in counts])
    ends = np.repeat(counts, counts)
    for some in children:
        check(bool(((some > indices) & (some < ends))[inner].all()))
    check(bool(((feature >= 0) & (feature < features))[inner].all()))


def _node_type(item_size: int) -> np.dtype[Any]:
    return np.dtype(
        [
            ("value", "<f8"),
            ("count", "<u4"),
            ("feature", _FEATURE_TYPES[item_size]),
            ("threshold", "<f8"),
            ("missing_go_to_left", "u1"),
            ("left", "<u4"),
            ("right", "<u4"),
            ("gain", "<f8"),
            ("depth", "<u4"),
            ("is_leaf", "u1"),
            ("bin_threshold", "u1"),
            ("is_categorical", "u1"),
            ("bitset", "<u4"),
        ]
    )
