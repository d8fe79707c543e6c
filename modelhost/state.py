"""The state of a fitted model, independent of its serialization.

The *state* of a model is the tree of values that pickling it would visit, each leaf with a digest
that ignores memory order, addresses, shared objects, thread counts, verbosity and timings. Models
with equal states compute the same; if states differ, the paths of the differing leaves are known.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from modelhost.library_forms import library_form

if TYPE_CHECKING:
    import numpy.typing as npt

THREADS = "n_jobs _n_jobs n_threads _n_threads num_threads nthread nthreads thread_count"
VERBOSITY = "verbose verbosity _verbose"
TIMES = "refit_time_ mean_fit_time std_fit_time mean_score_time std_score_time _time_fit_was_called"
SCRATCH = "_tmp_like_exog"
"""Memory of statsmodels' linear models that isn't initialized."""
MASKED = frozenset(f"{THREADS} {VERBOSITY} {TIMES} {SCRATCH}".split())
"""Attributes and keys that don't affect what a model computes."""
MAX_LEAVES = 200_000
_GLOBALS = (type, FunctionType, BuiltinFunctionType, np.ufunc, ModuleType)


class OpaqueError(Exception):
    """The model holds an object whose state is not accessible from Python."""


@dataclass(frozen=True)
class Leaf:
    """One value: its digest, and its numbers if it has any."""

    digest: str
    numbers: npt.NDArray[np.float64] | None
    shown: str
    counts: bool = True
    """Whether it belongs to the state; False below a name in ``MASKED``."""
    value: str | bytes | float | None = None
    """The value itself if it is text, bytes or a single number; None otherwise."""


def state(model: Any) -> dict[str, Leaf]:
    """Path (``.steps[1].coef_``) → leaf, for everything the model holds.

    Raises ``OpaqueError`` if a part can't be pickled or there are more than ``MAX_LEAVES``
    parts.
    """
    leaves: dict[str, Leaf] = {}
    for path, leaf in _walk(model, "", ()):
        leaves[path or "."] = leaf
        if len(leaves) > MAX_LEAVES:
            raise OpaqueError(f"more than {MAX_LEAVES} parts")
    return leaves


def state_digest(leaves: Mapping[str, Leaf]) -> str:
    """sha256 over all paths and leaves that belong to the state."""
    counting = {path: leaf.digest for path, leaf in leaves.items() if leaf.counts}
    text = json.dumps(counting, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _walk(value: Any, path: str, above: tuple[int, ...]) -> Iterator[tuple[str, Leaf]]:
    if id(value) in above:
        yield path, _plain("cycle", str(len(above) - above.index(id(value))))
        return
    leaf = _leaf(value)
    if leaf is not None:
        yield path, leaf
        return
    within = (*above, id(value))
    value = library_form(value, MASKED)
    if isinstance(value, dict):
        yield path, _plain("dict", str(type(value).__qualname__))
        yield from _members(value.items(), path, within)
    elif isinstance(value, (list, tuple)):
        yield path, _plain(type(value).__qualname__, str(len(value)))
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]", within)
    elif isinstance(value, (set, frozenset)):
        digests = sorted(state_digest(dict(_walk(item, "", within))) for item in value)
        yield path, _plain("set", " ".join(digests))
    elif isinstance(value, np.ndarray) and value.dtype.names:  # by field, without padding
        for name in value.dtype.names:
            yield from _walk(value[name], f"{path}.{name}", within)
    elif isinstance(value, np.ndarray):  # of objects
        yield path, _plain("objects", str(value.shape))
        for index, item in enumerate(value.ravel().tolist()):
            yield from _walk(item, f"{path}[{index}]", within)
    else:
        yield from _object(value, path, within)


def _object(value: Any, path: str, within: tuple[int, ...]) -> Iterator[tuple[str, Leaf]]:
    """Leaves of any other object, from its pickle reduction: constructor and state."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception as error:
        raise OpaqueError(f"{path or 'the model'} ({type(value).__qualname__}): {error}") from error
    if isinstance(reduced, str):
        yield path, _plain("global", reduced)
        return
    function, arguments, inner, items, pairs = (*reduced, None, None, None)[:5]
    yield path, _plain("object", f"{_name(type(value))} by {_name(function)}")
    for index, argument in enumerate(arguments):
        if not isinstance(argument, type):
            yield from _walk(argument, f"{path}({index})", within)
    if isinstance(inner, tuple) and len(inner) == 2 and all(_attributes(part) for part in inner):
        parts = [part for part in inner if part]
    else:
        parts = [inner] if inner is not None else []
    for part in parts:
        if isinstance(part, dict):
            yield from _members(part.items(), path, within)
        else:
            yield from _walk(part, f"{path}.state", within)
    for index, item in enumerate(items or ()):
        yield from _walk(item, f"{path}[{index}]", within)
    if pairs is not None:
        yield from _members(pairs, path, within, keyed=True)


def _attributes(part: Any) -> bool:
    return part is None or (isinstance(part, dict) and all(isinstance(key, str) for key in part))


def _members(
    pairs: Iterable[tuple[Any, Any]], path: str, within: tuple[int, ...], *, keyed: bool = False
) -> Iterator[tuple[str, Leaf]]:
    """Leaves of named parts, in any order; those in ``MASKED`` get ``counts=False``."""
    for key, item in pairs:
        if not isinstance(key, str):
            yield from _walk(item, f"{path}[{_key(key)}]", within)
            continue
        name = f"[{key!r}]" if keyed or not key.isidentifier() else f".{key}"
        if key not in MASKED:
            yield from _walk(item, path + name, within)
            continue
        with suppress(OpaqueError):  # an ignored part may be opaque
            yield from [
                (at, replace(leaf, counts=False)) for at, leaf in _walk(item, path + name, within)
            ]


def _key(key: Any) -> str:
    if isinstance(key, (bool, int, float, bytes, np.generic)) or key is None:
        return repr(key)
    return state_digest(dict(_walk(key, "", ())))[:16]


def _leaf(value: Any) -> Leaf | None:
    """The leaf of a value without parts; None for a value with parts."""
    leaf = _seen(value)
    plain = value.item() if isinstance(value, np.generic) else value
    plain = plain.isoformat() if type(plain) is datetime else plain
    if leaf is None or isinstance(plain, bool) or not isinstance(plain, (str, bytes, int, float)):
        return leaf
    return replace(leaf, value=plain)


def _seen(value: Any) -> Leaf | None:
    if type(value) is datetime:
        return _plain("datetime", value.isoformat())
    if value is None or isinstance(value, (bool, int, str)):
        return _plain(type(value).__name__, repr(value))
    if isinstance(value, float):
        return _array(np.asarray(value), repr(value))
    if isinstance(value, (bytes, bytearray)):
        return Leaf(_hash("bytes", value), None, f"{len(value)} bytes {_hash('', value)[:8]}")
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return _array(np.asarray(value), repr(value.item()))
    if isinstance(value, np.ndarray) and not (value.dtype.hasobject or value.dtype.names):
        return _array(value, f"array of shape {value.shape}")
    if isinstance(value, _GLOBALS):
        return _plain("global", _name(value))
    if isinstance(value, MethodType):
        return None
    if isinstance(value, np.dtype):
        return _plain("dtype", str(value))
    if _is_of_pandas(value) and value.dtype.kind in "biufcmM":
        return _array(np.asarray(value), f"{type(value).__name__} of {len(value)}")
    return _tensor(value)


def _is_of_pandas(value: Any) -> bool:
    """Whether ``value`` is an index or a series of pandas, which need not be installed."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Index, pandas.Series))


def _tensor(value: Any) -> Leaf | None:
    """The leaf of a tensor that converts to an array (PyTorch's interface); None otherwise."""
    if not (hasattr(value, "detach") and hasattr(value, "numpy")):
        return None
    return _array(np.asarray(value.detach().cpu().numpy()), f"tensor of {tuple(value.shape)}")


def _array(array: npt.NDArray[Any], shown: str) -> Leaf:
    """The leaf of an array, hashed in C order."""
    head = f"{array.dtype.str} {array.shape}"
    plain = np.ascontiguousarray(array)
    numbers = array.astype(np.float64) if array.dtype.kind in "biuf" else None
    return Leaf(_hash(head, plain.tobytes()), numbers, shown)


def _plain(kind: str, text: str) -> Leaf:
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    return Leaf(_hash(kind, text.encode("utf-8", "surrogatepass")), None, shown)


def _hash(head: str, content: bytes | bytearray) -> str:
    digest = hashlib.sha256(struct.pack("<I", len(head)) + head.encode())
    digest.update(content)
    return digest.hexdigest()


def _name(value: Any) -> str:
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", repr(type(value)))
    return f"{module}.{name}"
