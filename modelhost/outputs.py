"""Structured answers of a model: read from any usual form, and checked.

A model with several outputs returns a mapping or a frame from ``predict``, by the names of the
outputs; with several numbers, an array with a column for each will do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from modelhost.errors import OutputError, PackageError
from modelhost.objects.clusters import clusters
from modelhost.objects.output_adapter import OutputsAdapter
from modelhost.output_spec import OutputSpec
from modelhost.predictions import Predictions, checked_probabilities, is_frame, scalars
from modelhost.text import class_text, display_value, number_name, truncate


def complete(native: Any, outputs: Sequence[OutputSpec]) -> tuple[OutputSpec, ...]:
    """``outputs`` with the classes that the model names, in its order.

    Of several labels ``classes_`` is a list of arrays, one for each, or a mapping by name. Raises
    ``PackageError`` if it has undeclared classes of a label. Those of a clusterer are its clusters.
    """
    classes = getattr(native, "classes_", None)
    if classes is None and [one.kind for one in outputs] == ["label"]:
        classes = clusters(native)
    named = _by_output(classes, outputs)
    if len(outputs) == 1 and outputs[0].kind == "labels" and _is_nested(classes):
        named = [None]  # the values of each label, 0 and 1
    return tuple(_with_classes(one, named_output) for one, named_output in zip(outputs, named))


def _with_classes(output: OutputSpec, classes: Any) -> OutputSpec:
    """``output`` with the classes ``classes`` by the model, unless more of them are declared."""
    declared = output.classes
    if classes is None or output.kind not in ("label", "labels"):
        return output
    if declared and output.kind == "labels":
        return output  # the model's may be the values of each label: 0 and 1
    known = tuple(scalars(classes))
    if declared and not {*known} <= {*declared}:
        raise _wrong(output, f"classes_ {truncate(str(known))}", truncate(str(declared)))
    return output if declared and len(known) < len(declared) else output._replace(classes=known)


def _by_output(entries: Any, outputs: Sequence[OutputSpec]) -> list[Any]:
    """The entry of each output in what a model gives for all; None where there is none."""
    if isinstance(entries, Mapping):
        return [entries.get(output.name) for output in outputs]
    if len(outputs) == 1:
        return [entries]
    if _is_nested(entries) and len(entries) == len(outputs):
        return list(entries)
    return [None] * len(outputs)


def _is_nested(entries: Any) -> bool:
    """Whether a model gives a list of arrays, as scikit-learn's with several targets."""
    return isinstance(entries, (list, tuple)) and any(np.ndim(one) for one in entries)


def predict_outputs(native: Any, frame: Any, outputs: Sequence[OutputSpec]) -> Predictions:
    """The answers of ``native`` for the rows of ``frame``.

    One output: ``labels`` are its answers; several: objects by name. Raises ``PackageError`` for a
    result of another form; exceptions of the model pass through.
    """
    rows = frame.shape[0] if hasattr(frame, "shape") else len(frame)  # sparse has no length
    chances: list[Any] | None
    if isinstance(native, OutputsAdapter):
        predicted, chances = native.checked(frame, outputs, rows)
    else:
        predicted, chances = _parts(_raw(native, frame, outputs), outputs), None
    answers = [_read(values, one, rows) for values, one in zip(predicted, outputs)]
    chances = _chances(native, frame, outputs, rows) if chances is None else chances
    if len(outputs) == 1:
        return Predictions(answers[0], chances[0])
    names = [output.name for output in outputs]
    given_by = zip(outputs, chances)
    named = {one.name: _finite(part) for one, part in given_by if part is not None}
    labels = [dict(zip(names, row)) for row in zip(*answers)]
    if not named:
        return Predictions(labels, None)
    keys = {output.name: [*map(class_text, output.classes or ())] for output in outputs}
    more = [
        {"probabilities": {name: dict(zip(keys[name], part[row])) for name, part in named.items()}}
        for row in range(rows)
    ]
    return Predictions(labels, None, more)


def _raw(native: Any, frame: Any, outputs: Sequence[OutputSpec]) -> Any:
    """The result of the method that answers these outputs."""
    own = frame.copy(deep=False) if is_frame(frame) else frame
    scores = len(outputs) == 1 and outputs[0].kind == "score"
    if scores and callable(getattr(native, "score_samples", None)):
        return -np.asarray(native.score_samples(own), np.float64)  # scikit-learn: low is abnormal
    if len(outputs) == 1 and outputs[0].kind == "array" and not hasattr(native, "predict"):
        return native.transform(own)
    return native.predict(own)


def _parts(raw: Any, outputs: Sequence[OutputSpec]) -> list[Any]:
    """The values of each output."""
    if len(outputs) == 1:
        name = outputs[0].name
        return [raw[name] if isinstance(raw, Mapping) and set(raw) == {name} else raw]
    names = [output.name for output in outputs]
    if isinstance(raw, Mapping) or is_frame(raw):
        missing = [name for name in names if name not in raw]
        if missing:
            raise OutputError(
                missing[0],
                f"predict gave {truncate(str(list(raw)))}, expected the outputs {', '.join(names)}",
                f"the outputs {', '.join(names)}",
                "return a dict with the values of each output that [outputs] names",
            )
        return [raw[name] for name in names]
    if isinstance(raw, (list, tuple)) and len(raw) == len(names):
        return list(raw)
    array = np.asarray(raw)
    if array.ndim == 2 and array.shape[1] == len(names):
        return [array[:, index] for index in range(len(names))]
    raise PackageError(
        f"predict gave {type(raw).__name__} of shape {array.shape}, expected the outputs "
        f"{', '.join(names)}",
        "return a dict with the values of each output that [outputs] names",
    )


def _read(values: Any, output: OutputSpec, rows: int) -> list[Any]:
    try:
        answers = _READERS[output.kind](values, output)
    except OutputError:
        raise
    except PackageError as error:
        whole = f"output {output.name!r} ({output.kind}): {error.message}"
        raise OutputError(
            output.name, whole, f"a value of kind {output.kind}", error.hint
        ) from None
    if len(answers) != rows:
        raise _wrong(output, f"{len(answers)} values for {rows} rows", "one answer per row")
    return answers


def _labels(values: Any, _output: OutputSpec) -> list[Any]:
    return scalars(values)


def _numbers(values: Any, output: OutputSpec) -> list[Any]:
    numbers = scalars(values)
    for value in numbers:
        if isinstance(value, (str, bool)):
            raise _wrong(output, display_value(value), "a number per row")
    return [None if value is None else float(value) for value in numbers]


def _label_sets(values: Any, output: OutputSpec) -> list[Any]:
    """Rows of 0 and 1 for each class, or collections of labels."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    if is_frame(values):
        output, values = output._replace(classes=tuple(values.columns)), values.to_numpy()
    if isinstance(values, np.ndarray) and values.ndim == 2:
        known = output.classes or ()
        if values.shape[1] != len(known) or not np.isin(values, (0, 1)).all():
            raise _wrong(output, f"an array of shape {values.shape}", f"0 or 1 for {len(known)}")
        return [[known[index] for index in np.flatnonzero(row).tolist()] for row in values]
    return [sorted(scalars(list(row)), key=str) for row in values]


def _arrays(values: Any, output: OutputSpec) -> list[Any]:
    array = _floats(values, output)
    if array.ndim < 2:
        raise _wrong(output, f"an array of shape {array.shape}", "several numbers per row")
    if output.shape is not None and array.shape[1:] != tuple(output.shape):
        expected = f"(rows, {', '.join(map(str, output.shape))})"
        raise _wrong(output, f"an array of shape {array.shape}", expected)
    return _finite(array)


def _quantiles(values: Any, output: OutputSpec) -> list[Any]:
    levels = output.levels or ()
    if isinstance(values, Mapping):
        if not all(level in values for level in levels):
            raise _wrong(output, f"the levels {truncate(str(list(values)))}", str(list(levels)))
        values = np.stack([_floats(values[level], output) for level in levels], axis=-1)
    array = _floats(values, output)
    if array.shape[1:] != (*(output.shape or ()), len(levels)):
        expected = ", ".join(map(str, ("rows", *(output.shape or ()), len(levels))))
        raise _wrong(output, f"an array of shape {array.shape}", f"({expected}) quantiles")
    names = [number_name(level) for level in levels]
    if output.shape:  # (rows, steps, levels): each level has its steps
        array = np.swapaxes(array, 1, 2)
    return [dict(zip(names, row)) for row in _finite(array)]


def _texts(values: Any, output: OutputSpec) -> list[Any]:
    texts = scalars(values)
    for value in texts:
        if value is not None and not isinstance(value, str):
            raise _wrong(output, display_value(value), "text per row")
    return texts


def _documents(values: Any, output: OutputSpec) -> list[Any]:
    """JSON values; a number that isn't finite is None, an array lists."""
    try:
        texts = [json.dumps(value, default=_listed) for value in values]
        return [json.loads(text, parse_constant=lambda _: None) for text in texts]
    except (TypeError, ValueError) as error:
        raise _wrong(output, truncate(str(error)), "values that JSON can hold") from error


def _listed(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON")


_READERS: dict[str, Callable[[Any, OutputSpec], list[Any]]] = {
    "label": _labels,
    "number": _numbers,
    "score": _numbers,
    "labels": _label_sets,
    "numbers": _arrays,
    "array": _arrays,
    "quantiles": _quantiles,
    "text": _texts,
    "json": _documents,
}


def _chances(native: Any, frame: Any, outputs: Sequence[OutputSpec], rows: int) -> list[Any]:
    """The probabilities of each output, (rows, classes); None where there are none."""
    nothing: list[Any] = [None] * len(outputs)
    has_chances = [
        output.kind in ("label", "labels") and bool(output.classes) for output in outputs
    ]
    if not any(has_chances) or not callable(getattr(native, "predict_proba", None)):
        return nothing
    own = frame.copy(deep=False) if is_frame(frame) else frame
    chances = native.predict_proba(own)
    if len(outputs) == 1 and _is_nested(chances) and np.ndim(chances[0]) == 2:
        chances = _of_labels(chances, getattr(native, "classes_", None))
    triples = zip(outputs, has_chances, _by_output(chances, outputs))
    return [
        checked_probabilities(part, rows, len(one.classes or ()))
        if has and part is not None
        else None
        for one, has, part in triples
    ]


def _of_labels(chances: Sequence[Any], values: Any) -> Any:
    """The probability of each label, shape (rows, labels), from an array (rows, values) for each.

    ``values``: the values of each label in training; one that never occurred has probability 0.
    """
    columns = []
    for index, part in enumerate(chances):
        array = np.asarray(part, np.float64)
        known = [0, 1][-array.shape[1] :] if values is None else list(values[index])
        columns.append(array[:, known.index(1)] if 1 in known else np.zeros(len(array)))
    return np.column_stack(columns)


def _floats(values: Any, output: OutputSpec) -> Any:
    """An array of float64: of a frame, an array, or a list of arrays of one shape."""
    try:
        array = np.asarray(values.to_numpy() if is_frame(values) else values)
        if array.dtype == object:
            array = np.stack([np.asarray(one, np.float64) for one in array])
    except (TypeError, ValueError) as error:
        raise _wrong(output, truncate(str(error)), "numbers, equally many per row") from error
    if array.dtype.kind not in "biuf":
        raise _wrong(output, f"an array of {array.dtype}", "numbers")
    return array.astype(np.float64)


def _finite(array: Any) -> list[Any]:
    """Nested lists; a number that isn't finite is None."""
    if np.isfinite(array).all():
        return list(array.tolist())
    whole: Any = np.where(np.isfinite(array), array, None)
    return list(whole.tolist())


def _wrong(output: OutputSpec, got: str, expected: str) -> OutputError:
    return OutputError(
        output.name,
        f"output {output.name!r} ({output.kind}): the model gave {got}, expected {expected}",
        expected,
        "return what [outputs] declares, or declare another kind there",
    )
