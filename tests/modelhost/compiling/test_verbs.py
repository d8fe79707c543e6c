"""The requests that compile a model, as the harness sends them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, linear_model, preprocessing
from sklearn.pipeline import make_pipeline

from modelhost.columns import ColumnSpec, encode_values
from modelhost.compiling.probe import Probe, ProbeInput
from modelhost.model import LoadedModel
from modelhost.session import HostSession
from modelhost.wire import Message, roundtrip

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [0.0, 1.0, 0.0, 1.0]})
TARGET = [1.0, 2.0, 2.0, 1.0]
SPECS = [ColumnSpec(name, "number", "float64") for name in FRAME]
PLACES = {
    ProbeInput(0, "low", -1e30): (0,),
    ProbeInput(0, "high", 1e30): (1,),
    ProbeInput(1, "low", -1e30): (2,),
    ProbeInput(1, "high", 1e30): (3,),
}


def answer(native: Any, verb: str) -> Message:
    """The answer for a model that is loaded as number 0, through the wire format."""
    columns = encode_values([FRAME[name].tolist() for name in FRAME], SPECS, len(FRAME))
    header = {"verb": verb, "model": 0, "specs": [spec.as_json() for spec in SPECS]}
    header.update(columns=columns.described, rows=len(FRAME))
    probes = json.dumps(Probe((), None, PLACES, frozenset()).as_json()).encode()
    shop = HostSession([LoadedModel(native, "regression", None, False)])
    return roundtrip(shop.answer(roundtrip(Message(header, [*columns.buffers, probes]))))


def test_a_model_of_another_library_is_not_supported():
    assert answer(linear_model.Ridge(), "supported").header == {}
    told = answer(object(), "supported").header
    assert told == {"unsupported": "no compiled form is known for builtins.object"}


def test_keys_are_those_of_the_encoders():
    encoder = preprocessing.OrdinalEncoder()
    model = make_pipeline(encoder, linear_model.Ridge()).fit(FRAME, TARGET)
    (first, second) = answer(model, "keys").header["keys"]
    assert (first[0], sorted(first[1])) == (0, [1.0, 2.0, 3.0, 4.0])
    assert (second[0], sorted(second[1])) == (1, [0.0, 1.0])


def test_candidates_are_a_form_and_heads():
    model = make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()).fit(FRAME, TARGET)
    told = json.loads(bytes(answer(model, "compile").buffers[0]))
    assert [column["low"] for column in told["form"]["columns"]] == [-1e30, -1e30]
    assert [op["name"] for op in told["form"]["matrix"]["numbers"][0]["ops"]] == [
        "subtract",
        "divide",
    ]
    assert [head["head"]["kind"] for head in told["heads"]] == ["linear", "native"]
    assert told["heads"][1]["head"]["path"] == ["steps", 1, 1]


def test_arrays_of_trees_follow_in_their_order():
    made = answer(ensemble.RandomForestRegressor(2).fit(FRAME, TARGET), "compile")
    head, _ = json.loads(bytes(made.buffers[0]))["heads"]
    assert len(head["arrays"]) == len(made.buffers) - 1
    place = [one["name"] for one in head["arrays"]].index("node_count")
    counts = np.frombuffer(made.buffers[1 + place], head["arrays"][place]["type"])
    assert len(counts) == head["trees"]["trees"] == 2


@pytest.mark.parametrize("verb", ["keys", "compile"])
def test_an_exception_of_a_part_is_told_by_its_type(verb, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("modelhost.compiling.forms.coded", fails)
    monkeypatch.setattr("modelhost.compiling.forms.check_supported", fails)
    told = answer(linear_model.Ridge().fit(FRAME, TARGET), verb).header
    assert told == {"raised": ["RuntimeError", "no"]}
