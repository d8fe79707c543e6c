"""A vectorizer and an estimator that were saved together, as a tuple, a list or a dict."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.labels import with_labels
from modelhost.objects.matrices import text_column
from modelhost.text_input import text_step

_CLASSES = ("classes", "labels", "class_names", "target_names")
_COLUMNS = ("columns", "features", "feature_names")


class TextColumnStep:
    """A step that hands the only column of text on, as vectorizers take it."""

    def fit(self, rows: Any, target: Any = None) -> TextColumnStep:  # noqa: ARG002
        """Do nothing: a step of a pipeline has this method."""
        return self

    def transform(self, rows: Any) -> Any:
        """The column; raises ``ValueError`` if there are several or none."""
        return text_column(rows)


class Columns:
    """A step that takes columns by name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.feature_names_in_ = self.names

    def fit(self, rows: Any, target: Any = None) -> Columns:  # noqa: ARG002
        """Do nothing: a step of a pipeline has this method."""
        return self

    def transform(self, rows: Any) -> Any:
        """The columns, in the order of ``names``."""
        return rows[self.names]


def adapt_members(native: Any, declared: DeclaredAnswers) -> Any:
    """A pipeline of scikit-learn: what transforms in the given order, then what predicts."""
    members = _named(native)
    steps, last, decoder = [], None, None
    classes, columns = declared.classes, None
    for name, member in members:
        if _is_label_encoder(member):
            decoder = member
        elif callable(getattr(member, "predict", None)):
            if last is not None:
                raise _refusal(members, "two of them predict")
            last = (name, member)
        elif callable(getattr(member, "transform", None)):
            steps.append((name, member))
        elif name in _CLASSES and _is_listed(member):
            classes = classes or tuple(getattr(one, "item", lambda o=one: o)() for one in member)
        elif name in _COLUMNS and _is_listed(member):
            columns = Columns([str(one) for one in member])
        else:
            raise _refusal(members, f"{name} does neither")
    if last is None:
        raise _refusal(members, "none of them predicts")
    first = steps[0][1] if steps else None
    if first is not None and text_step(first) is not None:
        steps.insert(0, ("text", TextColumnStep()))
    elif columns is not None:
        steps.insert(0, ("columns", columns))
    model = _pipeline([*steps, last])
    return _decoded(model, decoder, DeclaredAnswers(declared.task, classes))


def _pipeline(steps: Sequence[Any]) -> Any:
    from sklearn.pipeline import Pipeline

    if len(steps) == 1:
        return steps[0][1]
    return Pipeline(list(steps))


def _decoded(model: Any, decoder: Any, declared: DeclaredAnswers) -> Any:
    """``model`` with the labels of an encoder of labels, or with declared classes."""
    if declared.task != "classification":
        return model
    if decoder is not None and declared.classes is None:
        labels = list(decoder.inverse_transform(model.classes_))
    elif declared.classes is not None:
        labels = list(declared.classes)
    else:
        return model
    return with_labels(
        model, [label.item() if hasattr(label, "item") else label for label in labels]
    )


def _named(native: Any) -> list[tuple[str, Any]]:
    if isinstance(native, dict):
        return [(str(name), member) for name, member in native.items()]
    return [(f"member {index}", member) for index, member in enumerate(native)]


def _is_label_encoder(member: Any) -> bool:
    return any(kind.__name__ == "LabelEncoder" for kind in type(member).__mro__)


def _is_listed(member: Any) -> bool:
    return isinstance(member, (list, tuple)) or type(member).__name__ in ("ndarray", "Index")


def _refusal(members: Sequence[tuple[str, Any]], why: str) -> PackageError:
    shown = ", ".join(_shown(members))
    return PackageError(
        f"the model is a group of objects ({shown}): expected what transforms and one that"
        f" predicts, but {why}",
        "save a sklearn.pipeline.Pipeline of them, or leave out what is no part of the model",
    )


def _shown(members: Sequence[tuple[str, Any]]) -> Iterator[str]:
    for name, member in list(members)[:6]:
        yield f"{name}: {type(member).__name__}"
