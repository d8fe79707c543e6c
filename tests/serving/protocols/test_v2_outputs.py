"""Answers of each kind of output as tensors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.data.rows.request_rows import check_rows
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest, Schema
from packager.manifest.outputs import Output
from serving.http.messages import RequestError
from serving.protocols import v2
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import OutputTensors

X = Column(name="x", kind="number", dtype="float64", nullable=True)
NUMBER = Output(name="n", kind="number")
LABEL = Output(name="y", kind="label", classes=(1, 2))


def answering(*outputs: Output) -> Manifest:
    return make_manifest(Schema(features=(X,), outputs=outputs), task="outputs")


def scored(labels: list[Any], manifest: Manifest, chances: Any = None, more: Any = None) -> Any:
    schema = manifest.schema_
    checked = check_rows([{"x": 1.0}] * len(labels), schema)
    return ScoredRows(checked, labels, chances, schema.probability_classes, None, more)


def answered(manifest: Manifest, rows: ScoredRows, *wanted: str) -> dict[str, Any]:
    """The tensors of an answer in JSON, by name."""
    context = v2.InferenceRequest(None, tuple((name, False) for name in wanted) or None, False)
    text, _ = v2.Infer(manifest).body(context, rows)
    return {one["name"]: one for one in json.loads(text)["outputs"]}


KINDS: list[tuple[dict[str, Any], list[Any], str, list[int], list[Any]]] = [
    ({"kind": "label", "classes": (1, 2)}, [1, 2], "INT64", [2], [1, 2]),
    ({"kind": "label"}, [1, True], "BYTES", [2], ["1", "true"]),
    ({"kind": "number"}, [1.5, None], "FP64", [2], [1.5, None]),
    ({"kind": "score"}, [0.25], "FP64", [1], [0.25]),
    (
        {"kind": "quantiles", "levels": (0.1, 0.9)},
        [{"0.1": 1.0, "0.9": 2.0}, {"0.1": None, "0.9": 4.0}],
        "FP64",
        [2, 2],
        [1.0, 2.0, None, 4.0],
    ),
    (
        {"kind": "quantiles", "levels": (0.1, 0.9), "shape": (2,)},
        [{"0.1": [1.0, 2.0], "0.9": [3.0, None]}],
        "FP64",
        [1, 2, 2],
        [1.0, 3.0, 2.0, None],
    ),
    ({"kind": "numbers", "shape": (2,)}, [[1.0, None]], "FP64", [1, 2], [1.0, None]),
    ({"kind": "array", "shape": (2, 1)}, [[[1.0], [2.0]]], "FP64", [1, 2, 1], [1.0, 2.0]),
    ({"kind": "array"}, [[[1.0], [2.0]]], "FP64", [1, 2, 1], [1.0, 2.0]),
    ({"kind": "labels", "classes": ("a", 1)}, [["a", 1], []], "BYTES", [2], ['["a",1]', "[]"]),
    ({"kind": "text"}, ["a\ud800", None], "BYTES", [2], ["a\ud800", None]),
    ({"kind": "json"}, [{"a": [1]}, None], "BYTES", [2], ['{"a":[1]}', "null"]),
]


@pytest.mark.parametrize(("output", "answers", "datatype", "shape", "data"), KINDS)
def test_tensors_of_each_kind(
    output: Any, answers: Any, datatype: str, shape: Any, data: Any
) -> None:
    expected = {"datatype": datatype, "shape": shape, "data": data}
    alone = answering(Output(name="o", **output))
    found = answered(alone, scored(answers, alone))
    assert found["prediction"] == {"name": "prediction", **expected}
    both = answering(Output(name="o", **output), NUMBER)
    found = answered(both, scored([{"o": one, "n": 1.0} for one in answers], both))
    assert found["o"] == {"name": "o", **expected}
    assert found["n"]["data"] == [1.0] * len(answers)
    (described, *_) = v2.metadata(both, None, tokens=False)["outputs"]
    assert described["datatype"] == datatype
    known = [-1, *shape[1:]] if "shape" in output or output["kind"] != "array" else [-1, -1]
    assert described["shape"] == known


def test_raw_arrays_are_the_numbers_with_nan_for_null() -> None:
    manifest = answering(Output(name="o", kind="array", shape=(2,)))
    context = v2.InferenceRequest(None, (("prediction", True),), True)
    body, headers = v2.Infer(manifest).body(context, scored([[1.0, None], [3.0, 4.0]], manifest))
    raw = body[int(headers["inference-header-content-length"]) :]
    np.testing.assert_array_equal(np.frombuffer(raw, "<f8"), [1.0, np.nan, 3.0, 4.0])


def test_metadata_states_the_levels_of_quantiles_and_the_parts_of_labels() -> None:
    manifest = answering(Output(name="q", kind="quantiles", levels=(0.1, 0.5, 0.9)), LABEL)
    assert v2.metadata(manifest, None, tokens=True)["outputs"] == [
        {
            "name": "q",
            "datatype": "FP64",
            "shape": [-1, 3],
            "parameters": {"levels": "[0.1,0.5,0.9]"},
        },
        {"name": "y", "datatype": "INT64", "shape": [-1]},
        {"name": "y.probabilities", "datatype": "FP64", "shape": [-1, 2]},
        {"name": "flags", "datatype": "BYTES", "shape": [-1]},
        {"name": "token", "datatype": "BYTES", "shape": [-1]},
    ]
    golden = Golden(rows=({},), expected=({"prediction": {}},))
    names = [one["name"] for one in v2.metadata(manifest, golden, tokens=False)["outputs"]]
    assert names == ["q", "y", "flags"]


def test_probabilities_are_a_tensor_of_their_output() -> None:
    manifest = answering(LABEL, NUMBER)
    more = [{"probabilities": {"y": {"1": 0.25, "2": None}}}]
    rows = scored([{"y": 1, "n": 2.0}], manifest, None, more)
    found = answered(manifest, rows, "y.probabilities", "n")
    assert list(found) == ["y.probabilities", "n"]
    assert found["y.probabilities"]["shape"] == [1, 2]
    assert found["y.probabilities"]["data"] == [0.25, None]
    alone = answering(Output(name="s", kind="labels", classes=("a", "b")))
    found = answered(alone, scored([["a"]], alone, np.array([[0.9, np.inf]])))
    assert found["probabilities"]["data"] == [0.9, None]
    with pytest.raises(RequestError, match="this model has none"):
        answered(manifest, scored([{"y": 1, "n": 2.0}], manifest), "y.probabilities")


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ({"kind": "array", "shape": (2,)}, [1.0]),
        ({"kind": "array", "shape": (2,)}, ["a", "b"]),
        ({"kind": "quantiles", "levels": (0.1, 0.9)}, {"0.1": 1.0}),
        ({"kind": "quantiles", "levels": (0.1, 0.9)}, 5),
        ({"kind": "number"}, [1.0]),
        ({"kind": "text"}, 5),
    ],
)
def test_an_answer_of_another_form_is_the_models_fault(output: Any, answer: Any) -> None:
    manifest = answering(Output(name="o", **output))
    for labels, own in (([answer], manifest), ([5], answering(Output(name="o", **output), NUMBER))):
        with pytest.raises(RequestError, match="output 'o'") as caught:
            answered(own, scored(labels, own))
        assert (caught.value.status, caught.value.code) == (500, "model_failed")


NAMES = st.sampled_from(["y", "n", "y.probabilities", "flags", "token", "prediction", "", "a"])
ENTRIES = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=3),
    st.fixed_dictionaries(
        {"name": st.one_of(NAMES, st.none(), st.lists(st.integers(), max_size=1))},
        optional={
            "parameters": st.one_of(
                st.none(),
                st.lists(st.integers(), max_size=1),
                st.dictionaries(
                    st.sampled_from(["binary_data", "classification", "x"]),
                    st.one_of(st.booleans(), st.integers(0, 2), st.none(), st.text(max_size=2)),
                    max_size=2,
                ),
            )
        },
    ),
)


@pytest.mark.slow
@given(st.one_of(st.none(), st.integers(), ENTRIES, st.lists(ENTRIES, max_size=8)))
def test_any_selection_of_outputs_is_answered_or_refused_with_a_documented_code(
    outputs: Any,
) -> None:
    manifest = answering(LABEL, NUMBER)
    infer = v2.Infer(manifest)
    inputs = [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]
    document = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    more = [{"probabilities": {"y": {"1": 0.25, "2": 0.75}}}]
    refused = None
    try:
        _, context = infer.rows(document, {})
        body, headers = infer.body(context, scored([{"y": 1, "n": 2.0}], manifest, None, more))
    except RequestError as error:
        refused = error
    if refused is not None:
        assert (refused.status, refused.code) == (422, "malformed_request")
        return
    size = int(headers.get("inference-header-content-length", len(body)))
    named = [one["name"] for one in json.loads(body[:size])["outputs"]]
    assert named == [one["name"] for one in outputs or []] or not outputs
    assert {*named} <= {*OutputTensors(manifest).names}
