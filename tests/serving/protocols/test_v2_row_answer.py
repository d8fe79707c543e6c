"""An answer that is joined from kept parts has the bytes of one from tensors."""

from __future__ import annotations

from typing import Any

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.manifest import Column, Manifest, Schema
from serving.http.messages import RequestError
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2 import Infer, InferenceRequest

FEATURE = Column(name="a", kind="number", dtype="float64", nullable=True)
OUTPUTS = ("prediction", "probabilities", "flags", "token")


def manifest(classes: tuple[Any, ...] | None) -> Manifest:
    task = "regression" if classes is None else "classification"
    target = Column(name="y", kind="number", dtype="float64", nullable=False)
    schema = Schema(features=(FEATURE,), target=target, classes=classes)
    return make_manifest(schema).model_copy(update={"task": task})


CLASSES: tuple[Any, ...] = (("no", "yés"), (0, 1), (0.5, 1.5), (False, True), None)
MODELS = [(one, Infer(manifest(one))) for one in CLASSES]


@st.composite
def answers(draw: st.DrawFn, classes: Any) -> tuple[InferenceRequest, ScoredRows]:
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
    asked = None if wanted is None else tuple((one, draw(st.booleans())) for one in wanted)
    told = draw(st.sampled_from([None, "7", "ü" * 50, "\ud800"]))
    return InferenceRequest(told, asked, draw(st.booleans())), scored


@pytest.mark.parametrize(("classes", "infer"), MODELS)
@settings(max_examples=many(60), deadline=None)
@given(data=st.data())
def test_the_bytes_are_those_of_the_tensors(
    classes: Any, infer: Infer, data: st.DataObject
) -> None:
    context, scored = data.draw(answers(classes))
    try:
        exact: Any = infer.exact_body(context, scored)
    except RequestError as error:
        exact = error.message
    try:
        written: Any = infer.body(context, scored)
    except RequestError as error:
        written = error.message
    assert written == exact


def test_the_usual_answers_are_joined() -> None:
    infer = Infer(manifest(("no", "yes")))
    rows = ValidatedRows((), [[]], {}, 1, (FEATURE,))
    scored = ScoredRows(rows, ["no"], [[0.75, 0.25]], ("no", "yes"), ["x" * 64])
    text, headers = infer._answers.written("1", None, scored, binary=True) or (b"", {})
    assert headers["inference-header-content-length"] == str(text.index(b"]}") + 2)
