"""True labels: their inputs, and what goes to the server's feedback."""

from __future__ import annotations

import json
from typing import Any

from html_forms import SentForm
from serving_helpers import make_manifest
from tried_packages import HOSTILE, OUTPUTS

from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output
from serving.protocols.form_parts import FormPart
from serving.try_page.labels import MAX_ANSWER, LabelFields, outcome


def labels(
    *outputs: Output, classes: tuple[Any, ...] | None = None, task: Any = None
) -> LabelFields:
    schema = Schema(features=(), classes=classes, outputs=outputs)
    return LabelFields.of(make_manifest(schema, task=task or "classification"))


def body(made: LabelFields, outputs: int = 1, **fields: str) -> Any:
    parts = {name: FormPart(name, text.encode()) for name, text in fields.items()}
    return json.loads(made.body(parts, outputs))[0]


def test_classes_are_chosen_and_sent_with_their_type() -> None:
    made = labels(classes=(True, 1, HOSTILE))
    page = SentForm(made.html(True, "token"))
    assert page.values() == {"token": "token", "l0": ""}
    assert HOSTILE in page.said
    assert body(made, token="t", l0="true") == {"token": "t", "actual": True}
    assert body(made, token="t", l0="1") == {"token": "t", "actual": 1}
    assert body(made, token="t", l0=json.dumps(HOSTILE))["actual"] == HOSTILE
    assert body(made, token="t") == {"token": "t", "actual": None}


def test_a_number_is_typed() -> None:
    made = labels(task="regression")
    (given,) = [given for _, given in SentForm(made.html(2.5, "t")).tags if given.get("id") == "l0"]
    assert given["type"] == "number"
    assert body(made, token="t", l0="2.75")["actual"] == 2.75


def test_of_several_outputs_those_with_a_target_can_have_one() -> None:
    made = labels(*OUTPUTS, task="outputs")
    assert [one.name for one in made.outputs] == [
        *("kind", "days", "tags", "demand", "risk", "words", "items"),
    ]
    page = SentForm(made.html({"kind": "sent"}, "t"))
    assert page.values()["answer"] == '{"kind": "sent"}'
    found = body(made, 10, token="t", answer='{"a": 1}', l0='"sent"', l2='["x"]', l5="5", l1="?")
    assert found == {
        "token": "t",
        "answer": {"a": 1},
        "actual": {"kind": "sent", "days": "?", "tags": ["x"], "words": "5"},
    }


def test_one_output_has_its_label_alone() -> None:
    made = labels(Output(name="tags", kind="labels", target=("tags",)), task="outputs")
    assert body(made, token="t", answer="[]", l0='["x"]')["actual"] == ["x"]


def test_without_a_target_or_with_an_immense_answer_there_is_nothing_to_fill_in() -> None:
    assert labels(Output(name="x", kind="array"), task="outputs").html([1], "t") == ""
    assert labels(OUTPUTS[0], task="outputs").html("x" * MAX_ANSWER, "t") == ""


def test_what_became_of_a_label_is_said() -> None:
    assert outcome({"accepted": 1}) == ("The true label is counted.", True)
    assert outcome({"accepted": 0, "skipped": 1})[0].startswith("No label was chosen")
    refused = {"accepted": 0, "skipped": 0, "rejected": [{"index": 0, "reason": "not_a_class"}]}
    assert outcome(refused) == ("The label is not counted: not a class.", False)
