"""The true label of a prediction: its inputs, and what they send to the server's feedback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.metrics.class_labels import class_text
from packager.manifest.base import Scalar
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from packager.text import escape_markup
from serving.protocols.v2_outputs import outputs_of
from serving.try_page.charts import shown
from serving.try_page.entries import Fields
from serving.try_page.inputs import value_of
from serving.try_page.page import FORM

TOKEN = "token"
ANSWER = "answer"
MAX_ANSWER = 1 << 18
"""Characters of an answer's JSON that go back with its label; without it there is no label."""
_REASONS = {
    "duplicate": "this prediction already has a label",
    "expired": "the prediction is too old for a label",
    "wrong_answer": "the label belongs to another prediction",
    "bad_signature": "this server did not make the prediction",
    "malformed": "this server did not make the prediction",
    "unknown_version": "another version made the prediction",
    "no_prediction": "there was no prediction",
}
_EXAMPLES = {
    "labels": '["one", "two"]',
    "numbers": "[1.5, 2]",
    "array": "[1.5, 2]",
    "quantiles": "1.5",
    "json": '["item"]',
}


@dataclass(frozen=True)
class LabelFields:
    """The inputs for the true label of a package's answers."""

    outputs: tuple[Output, ...]
    with_answer: bool
    """Whether feedback needs the answer besides the token."""

    @classmethod
    def of(cls, manifest: Manifest) -> LabelFields:
        """The outputs that a label can be scored for."""
        structured = bool(manifest.schema_.outputs)
        described = labelled_outputs(manifest.schema_.outputs)
        scored = {one.name for one in described if one.scored and one.has_target}
        outputs = [one for one in outputs_of(manifest) if not structured or one.name in scored]
        return cls(tuple(outputs), structured)

    def html(self, prediction: Any, token: str) -> str:
        """The part of the page that takes the label; empty if there is none to take."""
        answer = json.dumps(prediction)
        if not self.outputs or len(answer) > MAX_ANSWER:
            return ""
        several = len(self.outputs) > 1
        inputs = "".join(
            _input(at, one, one.name if several else "True label")
            for at, one in enumerate(self.outputs)
        )
        hidden = _hidden(TOKEN, token) + (_hidden(ANSWER, answer) if self.with_answer else "")
        send = (
            f'<p class="send"><button class="second" form="{FORM}" name="action" value="feedback" '
            "formnovalidate>Send the true label</button></p>"
        )
        if several:
            inputs = f"<details><summary>Send true labels</summary>{inputs}{send}</details>"
        else:
            inputs += send
        return f"<h2>Was it right?</h2>{hidden}{inputs}"

    def body(self, fields: Fields, all_outputs: int) -> bytes:
        """The body of ``/feedback`` for the fields of a form.

        ``all_outputs``: of the package; with several, the label is an object of those that have
        one.
        """
        labels = {
            one.name: _label(one, text)
            for at, one in enumerate(self.outputs)
            if (text := text_of(fields, f"l{at}"))
        }
        actual: Any = next(iter(labels.values()), None) if all_outputs == 1 else labels or None
        item: dict[str, Any] = {"token": text_of(fields, TOKEN), "actual": actual}
        if self.with_answer:
            item["answer"] = _parsed(text_of(fields, ANSWER))
        return json.dumps([item]).encode()


def outcome(answer: Mapping[str, Any]) -> tuple[str, bool]:
    """The answer of ``/feedback`` for one label, in words; and whether it was counted."""
    if answer.get("accepted"):
        return "The true label is counted.", True
    if answer.get("skipped"):
        return "No label was chosen, so none is counted.", False
    reasons = [str(one.get("reason")) for one in answer.get("rejected", ())]
    reason = reasons[0] if reasons else "unknown"
    return f"The label is not counted: {_REASONS.get(reason, reason.replace('_', ' '))}.", False


def text_of(fields: Fields, name: str) -> str:
    """The text of a field; empty if it is absent or not UTF-8."""
    part = fields.get(name)
    return "" if part is None else part.content.decode("utf-8", "replace").replace("\r\n", "\n")


def _input(at: int, output: Output, title: str) -> str:
    name = f"l{at}"
    common = f' id="{name}" name="{name}" form="{FORM}" autocomplete="off"'
    if output.kind == "label" and output.classes:
        control = _choice(output.classes, common)
    elif output.kind in ("number", "score"):
        control = f'<input type="number" step="any"{common}>'
    elif output.kind in ("label", "text"):
        control = f'<input type="text"{common}>'
    else:
        of_steps = output.kind == "quantiles" and output.shape is not None
        example = value_of(_EXAMPLES["numbers" if of_steps else output.kind])
        control = f'<textarea class="json" rows="2" placeholder="{example}"{common}></textarea>'
    label = f'<label for="{name}">{escape_markup(title)}</label>'
    return f'<div class="label">{label}{control}</div>'


def _choice(classes: Sequence[Scalar], common: str) -> str:
    options = "".join(
        f'<option value="{value_of(json.dumps(class_))}">{shown(class_text(class_))}</option>'
        for class_ in classes
    )
    return f'<select{common}><option value="">not known</option>{options}</select>'


def _hidden(name: str, text: str) -> str:
    return f'<input type="hidden" name="{name}" form="{FORM}" value="{value_of(text)}">'


def _label(output: Output, text: str) -> Any:
    """The label that a text means in one output: JSON, or the text itself where it is none."""
    return text if output.kind == "text" else _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
