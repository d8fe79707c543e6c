"""The verbs by which the harness studies a solution (:mod:`modelhost.session`).

    study    model, columns, rows, specs, truth, others → members
    rerun    replaced, swapped, received → predictions, repeated, by_confidence and, if ``received``
             is true, received; or unanswered: a member of another release, the digest of the rows
             and their columns
    answer   member, rows, columns → predictions of the member alone

``others`` has for each member of another release ``spec``, ``classes``, ``has_probabilities`` and
``answers``: digest, header and number of buffers of each. ``received`` has for each call the
member, the indices of its rows, the header of its answers, and their number of buffers;
``repeated`` the members that a run of the study called for a row more than once;
``by_confidence`` says whether right labels keep the confidence of their member.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

from modelhost.array_input import FRAME, input_builder
from modelhost.columns import decode_columns
from modelhost.errors import PackageError
from modelhost.model import LoadedModel
from modelhost.prediction_messages import decode_predictions, encode_predictions
from modelhost.project_code import project_errors
from modelhost.solution.flow import Flow
from modelhost.solution.study import OtherMember, Study, UnansweredError
from modelhost.wire import Buffer, Message


class StudyVerbs:
    """The study of this process, one at a time."""

    def __init__(self) -> None:
        self._study: Study | None = None

    def begin(
        self, request: Message, model: LoadedModel, rows: Any, specs: Sequence[Any]
    ) -> Message:
        """``study``: ``rows`` are those of ``request``, a frame or an array."""
        flow, header = _flow(model), request.header
        others = list(_others(header.get("others", ()), request.buffers[header["after"] :]))
        self._study = Study(model, rows, specs, header["truth"], others)
        return Message({"members": described(flow)})

    def rerun(self, request: Message) -> Message:
        """``rerun``."""
        assert self._study is not None
        try:
            with project_errors("the flow"):
                predictions = self._study.run(request.header["replaced"], request.header["swapped"])
        except UnansweredError as missing:
            columns = missing.columns
            result = {"member": missing.member, "digest": missing.digest, "rows": columns.rows}
            result["columns"] = columns.described
            return Message({"unanswered": result}, columns.buffers)
        header, buffers = encode_predictions(predictions)
        own, received = len(buffers), []
        for call in self._study.received if request.header["received"] else ():
            answers, more = encode_predictions(call.predictions)
            received.append([call.member, call.indices, answers, len(more)])
            buffers += more
        result = {"own": own, "received": received, "repeated": sorted(self._study.repeated)}
        result["by_confidence"] = self._study.by_confidence
        return Message({**header, **result}, buffers)


def answer(request: Message, model: LoadedModel) -> Message:
    """``answer``: the answers of one member to rows as it takes them."""
    header = request.header
    member = _flow(model).members[header["member"]]
    columns = decode_columns(header["columns"], request.buffers, header["rows"])
    rows = input_builder(FRAME, member.spec.features).frame(columns, header["rows"])
    waits, _ = member.runner.submit(rows, None)
    assert waits is not None
    return Message(*encode_predictions(waits.wait()))


def described(flow: Flow) -> list[dict[str, Any]]:
    """The members, as they are loaded."""
    return [
        {
            "spec": member.spec.as_json(),
            "classes": None if member.runner.classes is None else list(member.runner.classes),
            "has_probabilities": member.runner.has_probabilities,
        }
        for member in (flow.members[name] for name in flow.members)
    ]


def _others(encoded: Sequence[dict[str, Any]], buffers: Sequence[Buffer]) -> Iterator[OtherMember]:
    at = 0
    for one in encoded:
        answers = {}
        for digest, header, count in one["answers"]:
            answers[digest] = decode_predictions(Message(header, buffers[at : at + count]))
            at += count
        yield OtherMember(one, answers)


def _flow(model: LoadedModel) -> Flow:
    if not isinstance(model.native, Flow):
        raise PackageError("expected a solution, got a package of one model")
    return model.native
