"""Probing a model: the values it knows, whether it accepts nulls, the range of numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from modelhost.compiling.probe import Probe
from modelhost.compiling.provenance import CannotCompileError
from modelhost.model import LoadedModel
from packager.data.frames import infer_columns
from packager.manifest.manifest import Schema
from packager.model.hosted import HostEndedError
from packager.worker.compile.probe import ProbedRows, query_probes

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0], "c": ["a", "b", "a"], "b": [True, False, True]})
SCHEMA = Schema(features=infer_columns(FRAME))
ROWS = FRAME.to_dict("records")


class Picky:
    """Raises on nulls in x, on x beyond a bound, and on words that it does not know."""

    def __init__(self, bound: float = 1e40, words: tuple[str, ...] = ("a", "b")) -> None:
        self.bound, self.words = bound, words

    def predict(self, frame: pd.DataFrame) -> list[float]:
        if frame["x"].isna().any() or (frame["x"].abs() > self.bound).any():
            raise ValueError("x")
        if not frame["c"].dropna().isin(self.words).all():
            raise ValueError("c")
        return [1.0] * len(frame)


def asked(native: object, keys: dict | None = None) -> ProbedRows:
    return query_probes(LoadedModel(native, "regression", None, False), SCHEMA, ROWS, keys or {})


def probe(native: object, keys: dict | None = None) -> Probe:
    return asked(native, keys).probe


def test_every_category_is_queried_on_every_base_and_an_unknown_one_too():
    found = probe(Picky())
    keys = found.of(1, "key")
    assert {question.value for question in keys} == {"a", "b"}
    assert all(len(found.indices[question]) == 2 for question in keys)
    assert found.of(1, "unknown") == []
    assert [question.value for question in found.of(2, "key")] == [False, True]
    assert found.of(2, "unknown") == []


def test_values_that_an_encoder_knows_beside_those_of_training_are_queried():
    found = probe(Picky(words=("a", "b", "z")), keys={1: {"z"}})
    assert {question.value for question in found.of(1, "key")} == {"a", "b", "z"}


def test_nulls_are_in_the_domain_where_the_model_takes_them():
    found = probe(Picky())
    assert [found.nulls(place) for place in range(2)] == [False, True]


@pytest.mark.parametrize(("bound", "high"), [(1e40, 1e30), (1e16, 1e15), (1e7, 1e6), (5, 3.0)])
def test_numbers_reach_as_far_as_the_model_takes_them(bound, high):
    found = probe(Picky(bound=bound))
    assert found.bound(0, "high") == high
    assert found.bound(1, "high") is None


def test_a_model_that_answers_no_row_is_refused():
    with pytest.raises(CannotCompileError, match="no held-out row is answered by the model"):
        probe(Picky(bound=0.5))


def test_rows_are_the_base_but_for_the_value_that_is_queried():
    found = asked(Picky())
    (question,) = [one for one in found.probe.of(1, "key") if one.value == "b"]
    for place in found.probe.indices[question]:
        assert found.columns[1][place] == "b"
        assert found.columns[0][place] in (1.0, 2.0, 3.0)


def test_a_model_that_ends_its_process_is_not_asked_about_parts_of_the_rows():
    asked: list[int] = []

    class Ends(Picky):
        def predict(self, frame: pd.DataFrame) -> list[float]:
            asked.append(len(frame))
            raise HostEndedError("the model's process ended with signal SIGSEGV")

    with pytest.raises(HostEndedError, match="SIGSEGV"):
        probe(Ends())
    assert asked == [1]
