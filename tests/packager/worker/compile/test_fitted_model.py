"""What the model host tells about a fitted model, and errors instead of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from compile_samples import loaded, sample
from sklearn import ensemble, linear_model

from modelhost.compiling.provenance import CannotCompileError
from modelhost.model import LoadedModel
from modelhost.wire import Message, roundtrip
from modelhost.work import Workshop, described
from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.manifest import Schema
from packager.worker.compile.compile import compile_model
from packager.worker.compile.fitted_model import (
    FittedObject,
    FittedPartError,
    fitted_model,
    in_process,
)
from packager.worker.compile.probe import ask
from packager.worker.processes.hosted_model import HostedModel

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
    assert native.described["head"] == {"kind": "native", "path": [], "probabilities": True}
    assert (told.unsupported, told.form["matrix"]["width"]) == (None, 1)


@pytest.mark.parametrize(
    ("header", "error", "message"),
    [
        ({"unsupported": "a part"}, CannotCompileError, "a part"),
        ({"raised": ["KeyError", "'x'"]}, FittedPartError, "'x'"),
    ],
)
def test_an_answer_without_a_form_is_an_error(header, error, message):
    fitted = FittedObject(lambda _: Message(header), 0)
    with pytest.raises(error, match=message):
        fitted.keys(SCHEMA)


def test_a_model_of_another_process_is_asked_there():
    asked: list[Message] = []

    def ask(request: Message, _: float | None = None) -> Message:
        asked.append(request)
        return Message({"keys": [[0, ["a", "b"]]]})

    model = loaded(linear_model.Ridge(), "regression")
    other = HostedModel.read(
        ask, "regression", Message({"model": {"number": 3, **described(model)}})
    )
    assert fitted_model(other).keys(SCHEMA) == {0: {"a", "b"}}
    (request,) = asked
    assert (request.header["verb"], request.header["model"]) == ("keys", 3)
    assert request.header["specs"] == [["x", "number", "float64", None]]


def hosted(model: LoadedModel) -> HostedModel:
    """``model`` as the harness sees one of another process, through the wire format."""
    shop = Workshop([model])

    def ask(request: Message, _: float | None = None) -> Message:
        answer = roundtrip(shop.answer(roundtrip(request)))
        if "error" in answer.header:
            raise PackageError(answer.header["error"]["message"])
        return answer

    said = Message({"model": {"number": 0, **described(model)}})
    return HostedModel.read(ask, model.task, said).untraced()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["forest", "neighbours", "components"])
def test_a_model_of_another_process_gives_the_same_form(name: str, tmp_path: Path):
    made = sample(name, tmp_path / "here")
    verdict = compile_model(
        hosted(made.model), made.schema, made.held_out, tmp_path / "there", "require"
    )
    assert verdict == made.verdict
    files = [sorted((tmp_path / place).iterdir()) for place in ("here", "there")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


def test_the_type_of_an_exception_is_kept():
    fitted = FittedObject(lambda _: Message({"raised": ["KeyError", "'x'"]}), 0)
    with pytest.raises(FittedPartError) as caught:
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
