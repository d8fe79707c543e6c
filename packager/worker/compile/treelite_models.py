"""Treelite's models from the tables of the model host, by treelite's C API.

``treelite.sklearn.import_model`` reads fitted scikit-learn objects; this calls the same functions
with the same arrays, so that neither scikit-learn nor the object is needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.model.compiled.treelite_alone import import_treelite
from packager.worker.compile.node_checks import check, check_binned_nodes, check_nodes, check_types

Arrays = Mapping[str, npt.NDArray[Any]]
Settings = Mapping[str, Any]

NODES = (
    "children_left",
    "children_right",
    "feature",
    "threshold",
    "value",
    "missing_go_to_left",
    "n_node_samples",
    "weighted_n_node_samples",
    "impurity",
)
"""Arrays with one entry (``value``: one for each class) for each node, as treelite orders them."""


def treelite_model(settings: Settings, arrays: Arrays) -> Any:
    """The ``treelite.Model`` of the tables of one ensemble.

    Raises ``treelite.TreeliteError`` for one that treelite can't import, and ``ValueError`` for
    tables that don't fit together.
    """
    check_types(arrays)
    return _BUILDERS[settings["kind"]](settings, arrays)


def _forest(settings: Settings, arrays: Arrays) -> Any:
    classes = settings["classes"]
    counts = _counts(arrays, settings["trees"])
    nodes = _nodes(settings, arrays, NODES, classes or 1)
    sizes = [_int(settings["trees"]), _int(settings["features"]), _int(1)]
    if classes is None:
        return _called("RandomForestRegressorEx", *sizes, counts, *nodes)
    return _called(
        "RandomForestClassifierEx", *sizes, (ctypes.c_int32 * 1)(classes), counts, *nodes
    )


def _staged(settings: Settings, arrays: Arrays) -> Any:
    classes, stages = settings["classes"], settings["stages"]
    counts = _counts(arrays, stages * _scores(classes))
    nodes = _nodes(settings, arrays, [name for name in NODES if name != "missing_go_to_left"], 1)
    base = _base_scores(arrays, classes)
    sizes = [_int(stages), _int(settings["features"])]
    if classes is None:
        return _called("GradientBoostingRegressor", *sizes, counts, *nodes, base)
    return _called("GradientBoostingClassifier", *sizes, _int(classes), counts, *nodes, base)


def _binned(settings: Settings, arrays: Arrays) -> Any:
    classes, features = settings["classes"], settings["features"]
    trees = settings["stages"] * _scores(classes)
    counts, size = _counts(arrays, trees), settings["item_size"]
    lengths = arrays["node_count"] * size
    check_binned_nodes(arrays, features, size, settings["categorical"])
    indices = np.arange(features, dtype=np.int32)
    arguments = [
        _pointers(arrays["nodes"], lengths),
        _int(size),
        ctypes.c_int32(settings["categorical"]),
        _pointers(arrays["left_bitsets"], arrays["left_bitset_count"]),
        _address(arrays["known_bitsets"]),
        _address(arrays["bitset_of_feature"]),
        _address(indices),
        None,  # the categories are encoded before
        _base_scores(arrays, classes),
    ]
    sizes = [_int(settings["stages"]), _int(features)]
    if classes is None:
        loss = ctypes.c_char_p(settings["loss"].encode())
        return _called("HistGradientBoostingRegressorEx", *sizes, counts, *arguments, loss)
    return _called("HistGradientBoostingClassifier", *sizes, _int(classes), counts, *arguments)


def _lightgbm(_: Settings, arrays: Arrays) -> Any:
    text = arrays["bytes"].tobytes()
    return _loaded("TreeliteLoadLightGBMModelFromString", ctypes.c_char_p(text), b"{}")


def _xgboost_ubjson(_: Settings, arrays: Arrays) -> Any:
    treelite = import_treelite()

    return treelite.frontend.from_xgboost_ubjson(arrays["bytes"].tobytes())


def _xgboost_json(_: Settings, arrays: Arrays) -> Any:
    treelite = import_treelite()

    return treelite.frontend.from_xgboost_json(arrays["bytes"].tobytes())


_BUILDERS: Mapping[str, Callable[[Settings, Arrays], Any]] = {
    "forest": _forest,
    "gradient boosting": _staged,
    "histogram gradient boosting": _binned,
    "lightgbm": _lightgbm,
    "xgboost ubj": _xgboost_ubjson,
    "xgboost json": _xgboost_json,
}


def _called(name: str, *arguments: Any) -> Any:
    return _loaded(f"TreeliteLoadSKLearn{name}", *arguments)


def _loaded(name: str, *arguments: Any) -> Any:
    treelite = import_treelite()
    from treelite.core import _LIB, _check_call

    handle = ctypes.c_void_p()
    _check_call(getattr(_LIB, name)(*arguments, ctypes.byref(handle)))
    return treelite.Model(handle=handle)


def _nodes(settings: Settings, arrays: Arrays, names: Any, width: int) -> list[Any]:
    """Pointers to the nodes of each tree, array by array."""
    counts = arrays["node_count"]
    check_nodes(arrays, settings["features"])
    return [_pointers(arrays[name], counts * (width if name == "value" else 1)) for name in names]


def _counts(arrays: Arrays, trees: int) -> Any:
    counts = arrays["node_count"]
    check(len(counts) == trees > 0 and bool((counts > 0).all()))
    return _address(counts)


def _base_scores(arrays: Arrays, classes: int | None) -> Any:
    check(len(arrays["base_scores"]) == _scores(classes))
    return _address(arrays["base_scores"])


def _scores(classes: int | None) -> int:
    """The number of sums that a boosted ensemble computes, each with a tree in every stage."""
    return 1 if classes is None or classes == 2 else classes


def _pointers(array: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> Any:
    """A C array with the address of each part of ``array``; the parts have these lengths."""
    check(bool((lengths >= 0).all()) and int(lengths.sum()) == len(array))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) * array.itemsize
    base = array.ctypes.data
    return (ctypes.c_void_p * len(lengths))(*(base + int(start) for start in starts))


def _address(array: npt.NDArray[Any]) -> Any:
    return ctypes.c_void_p(array.ctypes.data)


def _int(value: int) -> Any:
    return ctypes.c_int(value)
