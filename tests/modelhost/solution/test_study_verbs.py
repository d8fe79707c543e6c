"""The verbs of a study, as messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelhost.prediction_messages import decode_predictions, decode_received
from modelhost.session import HostSession
from modelhost.wire import Message, roundtrip
from packager.model.frame_columns import frame_header
from tests.support.study_samples import SampleMember, loaded_solution

MEMBERS = {
    "kind": SampleMember("np.where(frame['x'] > 0, 'b', 'a')", ("x:number",), ("a", "b"), "right"),
    "price": SampleMember("frame['x'] * 2", ("x:number",)),
}
FLOW = """
def run(rows, members):
    return members.price(rows).predictions + members.kind(rows).probability("b")
"""


def asked(workshop: HostSession, header: dict[str, Any], buffers: Any = ()) -> Message:
    return workshop.answer(roundtrip(Message(header, buffers)))


def test_a_study_answers_runs_and_questions(tmp_path: Path) -> None:
    with loaded_solution(tmp_path, FLOW, MEMBERS) as model:
        workshop = HostSession([model])
        header, buffers = frame_header(pd.DataFrame({"x": [1.0, -1.0]}))
        study = {**header, "verb": "study", "model": 0, "truth": {"kind": ["a", None]}}
        told = asked(workshop, {**study, "after": len(buffers)}, buffers)
        assert [one["spec"]["name"] for one in told.header["members"]] == ["kind", "price"]
        assert told.header["members"][0]["classes"] == ["a", "b"]
        own = asked(workshop, {"verb": "rerun", "replaced": [], "swapped": [], "received": True})
        count = own.header["own"]
        assert decode_predictions(Message(own.header, own.buffers[:count])).labels == [3.0, -2.0]
        calls = {name: (at, found.labels) for name, at, found in decode_received(own)}
        assert calls == {"price": ([0, 1], [2.0, -2.0]), "kind": ([0, 1], ["b", "a"])}
        right = asked(
            workshop, {"verb": "rerun", "replaced": ["kind"], "swapped": [], "received": False}
        )
        assert (right.header["received"], right.header["repeated"]) == ([], [])
        assert len(right.buffers) == right.header["own"]
        count = right.header["own"]
        assert decode_predictions(Message(right.header, right.buffers[:count])).labels == [
            2.0,
            -2.0,
        ]
        question = {"verb": "answer", "model": 0, "member": "price", "rows": 2}
        columns = [{"as": "json", "values": [5.0, 6.0]}]
        alone = asked(workshop, {**question, "columns": columns})
        np.testing.assert_array_equal(decode_predictions(alone).labels, [10.0, 12.0])


def test_an_exception_of_the_flow_is_an_error(tmp_path: Path) -> None:
    flow = "def run(rows, members):\n    raise ValueError('no such segment')"
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        workshop = HostSession([model])
        header, buffers = frame_header(pd.DataFrame({"x": [1.0]}))
        study = {**header, "verb": "study", "model": 0, "truth": {}, "after": len(buffers)}
        asked(workshop, study, buffers)
        found = asked(workshop, {"verb": "rerun", "replaced": [], "swapped": [], "received": False})
    assert found.header["error"]["message"] == "the flow raised ValueError: no such segment"
