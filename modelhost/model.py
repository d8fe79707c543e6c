"""The model in memory: load it, predict, check its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from modelhost.array_input import ARRAY, FRAME, own_input
from modelhost.collection import rare_collections
from modelhost.cpu_count import set_cpu_count
from modelhost.errors import PackageError
from modelhost.feature_names import feature_names
from modelhost.objects.adapted import adapted
from modelhost.objects.adapter import Adapter, DeclaredAnswers
from modelhost.output_spec import OutputSpec
from modelhost.outputs import complete, predict_outputs
from modelhost.predict_once import PredictOnce, label_and_probabilities
from modelhost.predictions import (
    Predictions,
    Scalar,
    Task,
    checked_labels,
    checked_probabilities,
    scalars,
)
from modelhost.project_code import project_errors
from modelhost.solution.spec import SOLUTION
from modelhost.storage import load_estimator
from modelhost.text import class_text, truncate
from modelhost.text_input import text_column, text_step, wrap_text_model


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to predict."""

    native: Any
    """The project's own object, or the adapter by which one of another library predicts."""
    task: Task
    classes: tuple[Scalar, ...] | None
    """The model's ``classes_``; None for regression, or if the model has none."""
    has_probabilities: bool
    state: Any = None
    """The object that describes the model's state (``modelhost.state``); None: ``native``."""
    outputs: tuple[OutputSpec, ...] = ()
    """Its outputs, if the task is ``outputs``."""
    takes: str = FRAME
    """``frame`` or ``array``."""

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The columns that the model recorded in training, in order; None if it recorded none."""
        return None if self.takes == ARRAY else feature_names(self.native)

    @property
    def feature_count(self) -> int | None:
        """The number of columns that the model recorded in training; None if it recorded none.

        None for a model that takes arrays, whose elements it counts.
        """
        if self.takes == ARRAY:
            return None
        count = getattr(self.native, "n_features_in_", None)
        return None if count is None else int(count)

    @cached_property
    def text_step(self) -> str | None:
        """The class of its first step if that expects texts, not a frame; else None."""
        return text_step(self.native)

    def described(self) -> dict[str, Any]:
        """The model's description for the harness and the server."""
        return {
            "type": self.type_name,
            "classes": None if self.classes is None else list(self.classes),
            "has_probabilities": self.has_probabilities,
            "feature_names": None if self.feature_names is None else list(self.feature_names),
            "feature_count": self.feature_count,
            "text_step": self.text_step,
            "takes": self.takes,
            "outputs": [output.as_json() for output in self.outputs],
        }

    @property
    def type_name(self) -> str:
        """The class of the model."""
        own = self.native.fitted if isinstance(self.native, Adapter) else self.native
        return type(own).__name__

    def predict(self, frame: Any, specs: Sequence[Any] = ()) -> Predictions:
        """Predict for ``frame``, which holds exactly the features, in the schema's order.

        It is an array if the model ``takes`` arrays. ``specs`` describes its columns: a model that
        begins with a text vectorizer is given their only column of text. Raise ``PackageError``
        describing the result if it isn't one label (or number) per row; exceptions of the model
        pass through.
        """
        if not len(frame):
            empty = np.zeros((0, len(self.classes or ())))
            return Predictions([], empty if self.has_probabilities else None)
        text = text_column(specs) if self.text_step else None
        argument = frame if text is None else frame[text]
        if self.outputs:
            return predict_outputs(self.native, argument, self.outputs)
        labels, chances = self._predict_once(argument)
        rows, classes = len(frame), len(self.classes or ())
        if isinstance(labels, Sized) and len(labels) != rows and self.takes == FRAME:
            wrong = wrap_text_model(len(labels), rows, list(map(str, frame.columns)), self.task)
            if wrong is not None:
                raise wrong
        return Predictions(
            self._as_classes(checked_labels(labels, rows, self.task)),
            checked_probabilities(chances, rows, classes) if self.has_probabilities else None,
        )

    @cached_property
    def _own(self) -> Mapping[Scalar | None, Scalar]:
        """Each class keyed by itself: 1.0 finds the class 1, and 1 the class true."""
        own: dict[Scalar | None, Scalar] = {label: label for label in self.classes or ()}
        return own if len(own) == len(self.classes or ()) else {}

    def _as_classes(self, labels: list[Scalar | None]) -> list[Scalar | None]:
        """Labels in the type of the classes, so that a label's text matches its probability's."""
        own = self._own
        return [own.get(label, label) for label in labels] if own else labels

    @cached_property
    def _predict_once(self) -> Callable[[Any], PredictOnce]:
        if not self.has_probabilities:
            return lambda frame: (self.native.predict(own_input(frame)), None)
        ask = label_and_probabilities(self.native, self.classes or ())
        return lambda frame: ask(own_input(frame))


def load_model(
    path: Path,
    predictor: str,
    loader: str,
    task: Task,
    outputs: Sequence[OutputSpec] = (),
    classes: Sequence[Scalar] | None = None,
) -> LoadedModel:
    """Load the model at ``path``; raise ``PackageError`` on failure.

    ``predictor`` ``auto``: joblib, ``load(path)`` of the module ``loader``, the loader of a
    format (:mod:`modelhost.loaders`) or of a solution (:mod:`modelhost.solution.flow`). Otherwise
    ``module:Class``, whose ``load(path)`` returns the predictor. ``classes``: the labels that the
    package declares; None if it declares none.
    """
    if not path.exists():
        raise PackageError(f"expected the model at {path}, found nothing", "build it again")
    with rare_collections():  # it imports the model's libraries
        opened = load_estimator(path, predictor, loader, classes)
    native = opened.native
    if loader != SOLUTION:
        labels = None if classes is None else tuple(classes)
        declared = DeclaredAnswers(task, labels, tuple(outputs))
        with project_errors("the model"):
            native = adapted(native, declared)
    set_cpu_count()
    if outputs:
        return LoadedModel(native, task, None, False, opened.state, complete(native, outputs))
    if not callable(getattr(native, "predict", None)):
        raise PackageError(
            f"expected a model with predict(frame), got {type(native).__name__}",
            'name a class with load(path) and predict(frame): predictor = "predict:Predictor"'
            " under [serve]",
        )
    known = _classes(native) if task == "classification" else None
    with_probabilities = task == "classification" and callable(
        getattr(native, "predict_proba", None)
    )
    if with_probabilities and known is None:
        raise PackageError(
            f"{type(native).__name__} has predict_proba but no classes_ naming its columns",
            "set classes_ to the class labels in the order of predict_proba's columns",
        )
    return LoadedModel(native, task, known, with_probabilities, opened.state)


def _classes(native: Any) -> tuple[Scalar, ...] | None:
    classes = getattr(native, "classes_", None)
    if classes is None:
        return None
    labels = scalars(classes)
    known = [label for label in labels if label is not None]
    if len(known) != len(labels) or len({class_text(label) for label in known}) != len(known):
        raise PackageError(
            f"classes_ of {type(native).__name__}: expected distinct labels, got "
            f"{truncate(str(labels))}",
            "train on rows whose target is present",
        )
    return tuple(known)
