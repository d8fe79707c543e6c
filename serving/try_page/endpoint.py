"""Answers ``/try``: the form, the prediction of a row, and its true label."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from packager.data.rows.column_converter import FLAGS, short
from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.manifest import Manifest
from serving.feedback.endpoint import FeedbackEndpoint
from serving.http.asgi import Receive
from serving.http.limits import LimitExceededError, is_small, json_values
from serving.http.messages import RequestError, Response
from serving.prediction.member_profiles import load_profile
from serving.prediction.package_files import column_clocks, column_names
from serving.prediction.pipeline import Answer, Pipeline
from serving.protocols.form_parts import FormPart, read_form
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import outputs_of
from serving.settings import Settings
from serving.try_page.answers import answer_html
from serving.try_page.bins import TrainingBins
from serving.try_page.controls import Control, controls_of
from serving.try_page.entries import KEPT, FieldEntry, Fields, entry_of, row_of, sent_entries
from serving.try_page.form import form_html
from serving.try_page.inputs import InputState
from serving.try_page.labels import LabelFields, outcome, text_of
from serving.try_page.origin import check_origin
from serving.try_page.page import HTML, headers, notice, page, sentence

VERSION = "version"
FIELDS_OF_A_CONTROL = 4
OTHER_FIELDS = 100


@dataclass(frozen=True)
class TryAnswer:
    """The server's answer, and what it counts."""

    response: Response
    predicted: Answer | None = None
    """The answered row; None if none was predicted."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """The row that was predicted; its bytes are not encoded."""
    refused: RequestError | None = None
    """Why there is no prediction."""


@dataclass(frozen=True)
class TryPage:
    """The page of one package."""

    manifest: Manifest
    controls: tuple[Control, ...]
    example: tuple[FieldEntry, ...]
    bins: TrainingBins
    labels: LabelFields
    pipeline: Pipeline
    feedback: FeedbackEndpoint | None
    counted: bool
    """Whether its rows are counted as those of other routes."""

    @classmethod
    def of(cls, settings: Settings, pipeline: Pipeline) -> Self:
        """The page of the package that ``pipeline`` answers for."""
        predictor = pipeline.predictor
        manifest, golden = predictor.manifest, predictor.golden
        controls = controls_of(manifest.schema_, strict=manifest.serve.strict)
        row = golden.rows[0] if golden is not None and golden.rows else {}
        profile = load_profile(settings.root)
        counted = settings.try_page == "on"
        return cls(
            manifest,
            controls,
            tuple(entry_of(control, row) for control in controls),
            TrainingBins(column_names(manifest), profile, column_clocks(manifest)),
            LabelFields.of(manifest),
            pipeline,
            predictor.feedback if counted else None,
            counted,
        )

    @cached_property
    def blank(self) -> Response:
        """The form with the example row."""
        return Response(200, self.render(self.example), HTML, headers())

    async def post(
        self,
        body: bytes,
        sent: Mapping[bytes, bytes],
        receive: Receive,
        deadline: float,
    ) -> TryAnswer:
        """The answer to the form: a prediction, or what became of a label.

        An invalid form, row or label is an answer, too. Raises ``DisconnectedError``.
        """
        form = TryForm(self, sent)
        try:
            check_origin(sent)
            if is_small(body):
                form.read(body)
            else:
                await asyncio.to_thread(form.read, body)
            if text_of(form.fields, "action") == "feedback":
                return TryAnswer(await self._labelled(form))
            answered = await self.pipeline.answer(form, body, sent, receive, deadline)
        except RequestError as error:
            return TryAnswer(self._refused(form, error), refused=error)
        return TryAnswer(answered.response, answered, form.row)

    def render(
        self,
        entries: Sequence[FieldEntry],
        states: Mapping[int, InputState] = {},
        top: str = "",
        result: str = "",
    ) -> bytes:
        """The page: ``top`` above the form and ``result`` beside it are HTML.

        ``states``: of controls by their number; the others show their entry alone.
        """
        shown = [
            (control, states.get(control.number, InputState(entry)))
            for control, entry in zip(self.controls, entries, strict=True)
        ]
        form = form_html(shown, self.manifest.tag, counted=self.counted)
        return page(self.manifest, [top, form, result])

    async def _labelled(self, form: TryForm) -> Response:
        if self.feedback is None:
            raise RequestError(404, "feedback_off", "this page takes no labels")
        body = self.labels.body(form.fields, len(outputs_of(self.manifest)))
        answered = await self.feedback.answer(body)
        text, counted = outcome(json.loads(answered.body))
        top = notice(text, bad=not counted)
        return Response(200, self.render(form.entries, top=top), HTML, headers())

    def _refused(self, form: TryForm, error: RequestError) -> Response:
        """The form as it was sent, with the error beside its input, or above them all."""
        column, row = error.details.get("column"), error.details.get("row")
        states = {
            control.number: InputState(entry, error=_beside(error, control.column.name))
            for control, entry in zip(self.controls, form.entries, strict=True)
            if control.column.name == column
        }
        text = "one value is refused; the reason is beside it" if states else sentence(error)
        if row is not None and not states:
            text = text.removeprefix(f"row {row}: ")
        top = notice(text, bad=True, title="No prediction:")
        body = self.render(form.entries, states, top)
        return Response(error.status, body, HTML, {**headers(), **error.headers})


class TryForm:
    """One sent form; a ``ProtocolAdapter`` of its row."""

    route = "/try"

    def __init__(self, try_page: TryPage, sent: Mapping[bytes, bytes]) -> None:
        self._page = try_page
        self._content_type = sent.get(b"content-type", b"").decode("latin-1")
        self._predict = PredictProtocol(try_page.manifest.tag)
        self.fields: Fields = {}
        self.entries: Sequence[FieldEntry] = try_page.example
        """As they were sent, once the form is read."""
        self.row: dict[str, Any] = {}

    def read(self, body: bytes) -> None:
        """Read the form; raises ``RequestError``."""
        controls = self._page.controls
        most = FIELDS_OF_A_CONTROL * len(controls) + OTHER_FIELDS
        fields: dict[str, FormPart] = {}
        for part in read_form(body, self._content_type, most):
            fields.setdefault(part.name, part)
        self.fields = fields
        self._check_values(controls)
        if text_of(fields, VERSION) != self._page.manifest.tag:
            raise RequestError(
                409,
                "other_version",
                "the server has another version of the model since the form was opened",
                expected="the form below",
            )
        self.entries = sent_entries(controls, fields)
        self.row = row_of(controls, self.entries)

    def _check_values(self, controls: Sequence[Control]) -> None:
        """Raise ``RequestError`` (413) for more values than ``/predict`` takes, files aside."""
        files = {
            control.field(part)
            for control in controls
            if control.kind == "file"
            for part in ("", KEPT)
        }
        texts = (part.content for name, part in self.fields.items() if name not in files)
        try:
            self._page.pipeline.predictor.budget.check_values(sum(map(json_values, texts)))
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error

    def rows(
        self, _body: bytes, _headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], None]:
        """The row that was read."""
        return [self.row], None

    def body(self, _context: None, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:
        """The page with the prediction, and what is unusual about the row."""
        written, _ = self._predict.body(None, scored)
        (answer,) = json.loads(written)["predictions"]
        states, others = self._states(scored.checked, answer["flags"])
        result = answer_html(self._page.manifest, answer)
        if others:
            result += "".join(notice(flag, bad=True) for flag in others)
        token = answer.get("token")
        if token is not None and self._page.feedback is not None:
            result += self._page.labels.html(answer["prediction"], token)
        shown = f'<section class="result"><h2>Prediction</h2>{result}</section>'
        body = self._page.render(self.entries, states, result=shown)
        return body, {"content-type": HTML, **headers()}

    def _states(
        self, checked: ValidatedRows, flags: Sequence[str]
    ) -> tuple[dict[int, InputState], list[str]]:
        """The state of each control, and the flags of no column."""
        bins = self._page.bins.of(checked.columns)
        remaining = list(flags)
        states = {}
        for control, entry in zip(self._page.controls, self.entries, strict=True):
            name = control.column.name
            own = [flag for flag in dict.fromkeys(FLAGS.values()) if f"{name}:{flag}" in remaining]
            remaining = [flag for flag in remaining if flag not in {f"{name}:{one}" for one in own}]
            states[control.number] = InputState(entry, own, bins=bins.get(name, ()))
        return states, remaining


def _beside(error: RequestError, column: str) -> str:
    """An error for its own input, which names neither the row nor the column again."""
    expected, got = error.details.get("expected"), error.details.get("got")
    if error.code == "invalid_row" and expected:
        return f"Expected {expected}" + (f", got {got}" if got is not None else "")
    row = error.details.get("row", 0)
    return error.message.removeprefix(f"row {row}, column {short(column)}: ")
