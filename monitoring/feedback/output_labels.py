"""Reads late labels of structured answers: whole, or in parts, checked by the kind of output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from monitoring.feedback.labels import Classes, InvalidError, Numbers, is_null
from monitoring.scoring.levels import number_name
from monitoring.scoring.outputs import LabelledOutput

MAX_NUMBER = 1e100
"""The largest right answer: the sum of squared errors has to stay finite."""
MAX_DIMENSIONS = 8
_ANY_NUMBER = Numbers()
_BOOLEAN = Classes((False, True))


class OutputLabel(NamedTuple):
    """The label of one output of one prediction."""

    output: LabelledOutput
    answer: Any
    """The model's answer."""
    truth: Any
    """The right answer in the same form; of labels and numbers in parts a mapping of them."""


class AnswerLabels:
    """The labels of a package's answers."""

    def __init__(self, outputs: Sequence[LabelledOutput]) -> None:
        self._outputs = {output.name: output for output in outputs}
        self._only = outputs[0] if len(outputs) == 1 else None
        self._readers = {output.name: _Reader(output) for output in outputs}

    def is_absent(self, actual: Any) -> bool:
        """Whether there is no label yet: null, or null in every part."""
        if self._only is not None:
            return self._readers[self._only.name].is_absent(actual)
        if isinstance(actual, Mapping) and actual.keys() <= self._outputs.keys():
            return all(self._readers[name].is_absent(one) for name, one in actual.items())
        return is_null(actual)

    def read(self, answer: Any, actual: Any) -> list[OutputLabel]:
        """The labels in ``actual`` for ``answer``, without outputs that have none yet.

        Outputs of which the model gave no answer are left out too: if no other is left, that is
        ``no_prediction``. Raises ``InvalidError``.
        """
        label_values, answers = actual, answer
        if self._only is not None:
            label_values, answers = {self._only.name: actual}, {self._only.name: answer}
        elif not isinstance(label_values, Mapping):
            raise InvalidError("not_by_output")
        elif not label_values.keys() <= self._outputs.keys():
            raise InvalidError("unknown_output")
        if not isinstance(answers, Mapping) or answers.keys() != self._outputs.keys():
            raise InvalidError("unknown_version")  # of a version with other outputs
        labels, unanswered = [], False
        for name, value in label_values.items():
            reader = self._readers[name]
            if reader.is_absent(value):
                continue
            truth = reader.read(value)
            if not reader.fits(answers[name]):
                raise InvalidError("unknown_version")
            if isinstance(answers[name], list) and not reader.is_as_long(truth, answers[name]):
                raise InvalidError("not_numbers")
            if reader.is_empty(answers[name]):
                unanswered = True
            else:
                labels.append(OutputLabel(self._outputs[name], answers[name], truth))
        if unanswered and not labels:
            raise InvalidError("no_prediction")
        return labels


class _Reader:
    """Reads the labels of one output."""

    def __init__(self, output: LabelledOutput) -> None:
        self._output = output
        self._kind = output.form.kind
        classes = output.form.classes
        self._classes = Classes(classes) if classes else None
        named = dict(zip(output.names, output.parts, strict=False))
        self._names = named | {_key(part): part for part in output.parts}
        self._read: Callable[[Any], Any] = {
            "label": self._label,
            "labels": self._labels,
            "number": _number,
            "quantiles": self._numbers if output.in_numbers else _number,
            "score": _boolean if output.form.k is None else _relevant,
            "numbers": self._numbers,
            "array": self._numbers,
            "text": _text,
            "json": lambda actual: actual,
        }[self._kind]

    def is_absent(self, actual: Any) -> bool:
        if self._is_observation(actual):
            return self._is_censored(actual)
        if isinstance(actual, Mapping) and self._kind != "json":
            return all(map(is_null, actual.values()))
        if isinstance(actual, list) and self._output.in_numbers:
            return bool(actual) and all(map(is_null, _flat(actual)))
        if self._kind in ("text", "json"):
            return actual is None or actual == "" or actual != actual
        if self._kind == "label" and self._classes is not None:
            return self._classes.is_absent(actual)
        return is_null(actual)

    def read(self, actual: Any) -> Any:
        if not self._output.scored:
            raise InvalidError("unscored_output")
        return self._read(actual)

    def fits(self, answer: Any) -> bool:
        """Whether ``answer`` has the form of this output's answers; null has."""
        if answer is None:
            return True
        kind, form = self._kind, self._output.form
        if kind in ("number", "score"):
            return _is_number(answer)
        if kind == "quantiles":
            levels = {number_name(level) for level in form.levels or ()}
            if not isinstance(answer, Mapping) or answer.keys() != levels:
                return False
            return all(map(self._is_quantile, answer.values()))
        if kind == "labels":
            return isinstance(answer, list) and all(map(_is_scalar, answer))
        if kind in ("numbers", "array"):
            numbers = _flat(answer) if isinstance(answer, list) else [""]
            known = all(number is None or _is_number(number) for number in numbers)
            return known and self._output.size in (None, len(numbers))
        return kind in ("json", "text") or _is_scalar(answer)

    def _is_quantile(self, value: Any) -> bool:
        """Whether it is what an answer holds for one level."""
        if not self._output.in_numbers:
            return value is None or _is_number(value)
        if not isinstance(value, list) or len(value) != self._output.size:
            return False
        return all(one is None or _is_number(one) for one in value)

    def is_as_long(self, truth: Any, answer: list[Any]) -> bool:
        """Whether the numbers of a label have places in ``answer``, if their number isn't fixed."""
        if self._kind not in ("numbers", "array") or self._output.size is not None:
            return True
        return max(truth, default=0) < len(_flat(answer))

    def is_empty(self, answer: Any) -> bool:
        """Whether the model gave no answer that a label could be compared with.

        A class that the model doesn't give is a wrong answer, as it is of a classifier.
        """
        if self._kind == "quantiles" and answer is not None:
            if self._output.in_numbers:
                steps = zip(*answer.values(), strict=True)
                return all(None in step for step in steps)
            return any(value is None for value in answer.values())
        if self._kind in ("numbers", "array") and answer is not None:
            return all(value is None for value in _flat(answer))
        return answer is None and self._kind != "label"

    def _label(self, actual: Any) -> Any:
        if self._classes is not None:
            return self._classes.read(actual)
        if not _is_scalar(actual):
            raise InvalidError("not_a_class")
        return actual

    def _labels(self, actual: Any) -> Any:
        """A set as a list of labels; some of its labels as label → whether it is in the set."""
        if isinstance(actual, Mapping):
            some = {
                self._part(name): _boolean(held)
                for name, held in actual.items()
                if not is_null(held)
            }
            whole = len(some) == len(self._output.parts)
            return [label for label, held in some.items() if held] if whole else some
        if not isinstance(actual, list):
            raise InvalidError("not_labels")
        labels = [self._label(one) for one in actual]
        if len({*labels}) != len(labels):
            raise InvalidError("not_labels")
        return labels

    def _is_observation(self, actual: Any) -> bool:
        """Whether it is the time and the event of survival, in place of numbers."""
        columns = {*self._output.survival}
        return isinstance(actual, Mapping) and bool(columns & actual.keys())

    def _is_censored(self, actual: Mapping[str, Any]) -> bool:
        """Whether it says nothing yet about any of the times of the answer."""
        if any(is_null(actual.get(name)) for name in self._output.survival):
            return True
        try:
            return not self._survived(actual)
        except InvalidError:
            return False

    def _survived(self, actual: Mapping[str, Any]) -> dict[int, float]:
        """Place → 1 without the event until that time, 0 with it; later than observed: unknown."""
        if actual.keys() != {*self._output.survival}:
            raise InvalidError("unknown_part")
        time, event = (actual[name] for name in self._output.survival)
        moment, seen, times = _number(time), _boolean(event), self._output.form.times
        return {at: float(t < moment) for at, t in enumerate(times) if seen or t < moment}

    def _numbers(self, actual: Any) -> dict[int, float]:
        """Place → number, of those that are known."""
        if self._is_observation(actual):
            known = self._survived(actual)
            if len(known) < len(self._output.form.times) and not self._output.parts:
                raise InvalidError("unknown_part")
            return known
        if isinstance(actual, Mapping):
            some = {name: value for name, value in actual.items() if not is_null(value)}
            placed = {self._part(name): _number(value) for name, value in some.items()}
            if len(placed) < len(some):  # one number by its name and by its place
                raise InvalidError("not_numbers")
            return placed
        if not isinstance(actual, list):
            raise InvalidError("not_numbers")
        values = _flat(actual)
        if self._output.size is not None and len(values) != self._output.size:
            raise InvalidError("not_numbers")
        known = {at: _number(one) for at, one in enumerate(values) if not is_null(one)}
        if len(known) < len(values) and not self._output.parts:
            raise InvalidError("unknown_part")  # too many numbers to come one by one
        return known

    def _part(self, name: str) -> Any:
        if name not in self._names:
            raise InvalidError("unknown_part")
        return self._names[name]


def _key(part: Any) -> str:
    """A part as the key of a JSON object."""
    return str(part).lower() if isinstance(part, bool) else str(part)


def _number(actual: Any) -> float:
    number = _ANY_NUMBER.read(actual)
    if abs(number) > MAX_NUMBER:
        raise InvalidError("not_a_number")
    return number


def _boolean(actual: Any) -> Any:
    try:
        return _BOOLEAN.read(actual)
    except InvalidError:
        raise InvalidError("not_a_boolean") from None


def _relevant(actual: Any) -> Any:
    """Whether a row of a ranking is relevant: true, or a grade above 0."""
    try:
        return _BOOLEAN.read(actual)
    except InvalidError:
        grade = _number(actual)
        if grade < 0:
            raise InvalidError("not_a_boolean") from None
        return grade > 0


def _text(actual: Any) -> str:
    if not isinstance(actual, str):
        raise InvalidError("not_text")
    return actual


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _flat(values: list[Any]) -> list[Any]:
    """The values of nested lists, row by row; deeper lists than an array has stay values."""
    for _ in range(MAX_DIMENSIONS):
        if not any(isinstance(value, list) for value in values):
            break
        values = [one for part in values for one in (part if isinstance(part, list) else [part])]
    return values
