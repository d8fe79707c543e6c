"""What the model host tells about a fitted model, and errors instead of it."""

from __future__ import annotations

import pandas as pd
import pytest
from compile_samples import loaded
from sklearn import ensemble, linear_model

from modelhost.compiling.provenance import CannotCompileError
from modelhost.wire import Message
from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.manifest import Schema
from packager.worker.compile.fitted_model import FittedModel, PartError, fitted_model, in_process
from packager.worker.compile.probe import ask

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0] * 9, "c": ["a", "b"] * 18})
SCHEMA = Schema(features=infer_columns(FRAME[["x"]]))


def test_a_model_of_this_process_is_described_through_the_wire_format():
    model = loaded(ensemble.RandomForestClassifier(3).fit(FRAME[["x"]], FRAME["c"]))
    fitted = in_process(model)
    fitted.check_supported()
    assert fitted.keys(SCHEMA) == {}
    told = fitted.form(SCHEMA, ask(model, SCHEMA, FRAME[["x"]].to_dict("records"), {}))
    trees, native = told.heads
    assert len(trees.arrays["node_count"]) == trees.described["trees"]["trees"] == 3
    assert native.described["head"] == {"kind": "native", "path": []}
    assert (told.unsupported, told.form["matrix"]["width"]) == (None, 1)


@pytest.mark.parametrize(
    ("header", "error", "message"),
    [
        ({"unsupported": "a part"}, CannotCompileError, "a part"),
        ({"raised": ["KeyError", "'x'"]}, PartError, "'x'"),
    ],
)
def test_an_answer_without_a_form_is_an_error(header, error, message):
    fitted = FittedModel(lambda _: Message(header), 0)
    with pytest.raises(error, match=message):
        fitted.keys(SCHEMA)


def test_a_model_of_another_process_is_asked_there():
    asked: list[Message] = []

    class Hosted:
        number = 3

        def ask(self, request: Message) -> Message:
            asked.append(request)
            return Message({"keys": [[0, ["a", "b"]]]})

    assert fitted_model(Hosted()).keys(SCHEMA) == {0: {"a", "b"}}
    (request,) = asked
    assert (request.header["verb"], request.header["model"]) == ("keys", 3)
    assert request.header["specs"] == [["x", "number", "float64", None]]


def test_the_type_of_an_exception_is_kept():
    fitted = FittedModel(lambda _: Message({"raised": ["KeyError", "'x'"]}), 0)
    with pytest.raises(PartError) as caught:
        fitted.check_supported()
    assert caught.value.kind == "KeyError"


def test_a_class_of_another_library_is_not_supported():
    with pytest.raises(CannotCompileError, match=r"no compiled form is known for .*Other"):
        in_process(loaded(Other(), "regression")).check_supported()


class Other:
    def predict(self, frame: pd.DataFrame) -> list[float]:
        return [0.0] * len(frame)


def test_an_error_of_the_host_is_ours(monkeypatch):
    monkeypatch.setattr("modelhost.work.read_specs", fails)
    with pytest.raises(PackageError, match="columns of another version") as caught:
        in_process(loaded(linear_model.Ridge(), "regression")).keys(SCHEMA)
    assert caught.value.hint == "build it again"


def fails(_: Message) -> None:
    raise PackageError("columns of another version", "build it again")
