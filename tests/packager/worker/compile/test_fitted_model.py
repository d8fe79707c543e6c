"""What the model host tells about a fitted model, and errors instead of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from compile_samples import loaded
from in_process import hosted
from sklearn import ensemble, linear_model

from modelhost.compiling.provenance import CannotCompileError
from modelhost.wire import Message
from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.manifest import Schema
from packager.model.hosted_model import HostedModel
from packager.worker.compile.fitted_model import FittedObject, FittedPartError
from packager.worker.compile.probe import query_probes

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0] * 9, "c": ["a", "b"] * 18})
SCHEMA = Schema(features=infer_columns(FRAME[["x"]]))


def test_a_model_is_described_in_plain_data():
    model = hosted(loaded(ensemble.RandomForestClassifier(3).fit(FRAME[["x"]], FRAME["c"])))
    fitted = FittedObject(model)
    fitted.check_supported()
    assert fitted.keys(SCHEMA) == {}
    told = fitted.form(SCHEMA, query_probes(model, SCHEMA, FRAME[["x"]].to_dict("records"), {}))
    trees, native = told.heads
    assert len(trees.arrays["node_count"]) == trees.described["trees"]["trees"] == 3
    assert native.described["head"] == {"kind": "native", "path": [], "probabilities": True}
    assert (told.unsupported, told.form["matrix"]["width"]) == (None, 1)


def answering(header: dict[str, Any]) -> HostedModel:
    """A model whose process gives one answer to everything."""
    made = hosted(loaded(linear_model.Ridge(), "regression"))
    return replace(made, send=lambda *_: Message(header))


@pytest.mark.parametrize(
    ("header", "error", "message"),
    [
        ({"unsupported": "a part"}, CannotCompileError, "a part"),
        ({"raised": ["KeyError", "'x'"]}, FittedPartError, "'x'"),
    ],
)
def test_an_answer_without_a_form_is_an_error(header, error, message):
    fitted = FittedObject(answering(header))
    with pytest.raises(error, match=message):
        fitted.keys(SCHEMA)


def test_the_type_of_an_exception_is_kept():
    fitted = FittedObject(answering({"raised": ["KeyError", "'x'"]}))
    with pytest.raises(FittedPartError) as caught:
        fitted.check_supported()
    assert caught.value.kind == "KeyError"


def test_a_class_of_another_library_is_not_supported():
    with pytest.raises(CannotCompileError, match=r"no compiled form is known for .*Other"):
        FittedObject(hosted(loaded(Other(), "regression"))).check_supported()


class Other:
    def predict(self, frame: pd.DataFrame) -> list[float]:
        return [0.0] * len(frame)


def test_an_error_of_the_host_is_ours(monkeypatch):
    monkeypatch.setattr("modelhost.session.read_specs", fails)
    with pytest.raises(PackageError, match="columns of another version") as caught:
        FittedObject(hosted(loaded(linear_model.Ridge(), "regression"))).keys(SCHEMA)
    assert caught.value.hint == "build it again"


def fails(_: Message) -> None:
    raise PackageError("columns of another version", "build it again")
