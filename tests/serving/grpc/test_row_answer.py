"""An answer that is joined from kept parts has the bytes of the message object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.manifest import Column, Manifest, Schema
from serving.grpc.infer import GrpcContext, GrpcInfer
from serving.http.messages import RequestError
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2 import InferenceRequest

FEATURE = Column(name="a", kind="number", dtype="float64", nullable=True)
OUTPUTS = ("prediction", "probabilities", "flags", "token")


def manifest(classes: tuple[Any, ...] | None) -> Manifest:
    task = "regression" if classes is None else "classification"
    target = Column(name="y", kind="number", dtype="float64", nullable=False)
    schema = Schema(features=(FEATURE,), target=target, classes=classes)
    return make_manifest(schema).model_copy(update={"task": task})


MODELS = {
    "texts": manifest(("no", "yes")),
    "numbers": manifest((0, 1)),
    "floats": manifest((0.5, 1.5)),
    "flags": manifest((False, True)),
    "regression": manifest(None),
}
LABELS = {name: one.schema_.classes for name, one in MODELS.items()}


@st.composite
def answers(draw: st.DrawFn, name: str) -> tuple[GrpcContext, ScoredRows]:
    classes = LABELS[name]
    label = draw(st.floats() if classes is None else st.sampled_from([*classes, None]))
    label = None if label != label else label
    chances = None
    if classes is not None and draw(st.booleans()):
        chances = [[draw(st.floats()) for _ in classes]]
    flags = draw(st.sampled_from([[], ["a:missing"], ["a:missing", "ü" * 100]]))
    token = draw(st.sampled_from([None, "x" * 64, "yZ" * 32, "short"]))
    rows = ValidatedRows((), [flags], {}, 1, (FEATURE,))
    scored = ScoredRows(rows, [label], chances, classes, None if token is None else [token])
    wanted = draw(st.sampled_from([None, ("flags",), OUTPUTS]))
    asked = None if wanted is None else tuple((one, False) for one in wanted)
    told = draw(st.sampled_from([None, "7", "ü" * 50]))
    return GrpcContext(InferenceRequest(told, asked, False), raw=draw(st.booleans())), scored


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=many(60), deadline=None)
@given(st.data())
def test_the_bytes_are_those_of_the_message(name: str, data: st.DataObject) -> None:
    infer = GrpcInfer(MODELS[name])
    for context, scored in data.draw(st.lists(answers(name), min_size=1, max_size=4)):
        expected = told(lambda: infer.exact_body(context, scored))  # noqa: B023
        assert told(lambda: infer.body(context, scored)[0]) == expected  # noqa: B023


def told(written: Callable[[], bytes]) -> bytes | str:
    """The bytes, or the message of the error."""
    try:
        return written()
    except RequestError as error:
        return error.message


def test_usual_answers_need_no_message() -> None:
    infer = GrpcInfer(MODELS["texts"])
    rows = ValidatedRows((), [[]], {}, 1, (FEATURE,))
    scored = ScoredRows(rows, ["yes"], [[0.25, 0.75]], ("no", "yes"), ["x" * 64])
    for raw in (False, True):
        assert infer._answers.written("7", None, scored, raw=raw) is not None
