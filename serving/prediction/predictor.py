"""The loaded package: validates rows and predicts them, compiled or natively."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from monitoring.feedback.tokens import Bitmaps
from monitoring.flagged_rows_log import FlaggedRowsLog
from monitoring.metrics.recorder import Batch, MetricsRecorder
from monitoring.metrics.serving import ServingMetrics
from monitoring.slices.row_membership import RowMembership
from packager.data.rows.member_flags import with_absent
from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.manifest.base import Scalar
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from packager.model.compiled.model import CompiledModel
from packager.model.golden_answers import GoldenCases
from serving.compiled_check.sampler import COMPILED_CHECK_DIR, CheckSampler
from serving.feedback.endpoint import FeedbackEndpoint
from serving.feedback.stores import flagged_rows_log
from serving.http import messages
from serving.http.json_bodies import is_heavy
from serving.http.limits import Budget
from serving.prediction.errors import ModelError, RowRefusedError
from serving.prediction.fast_rows import FastRows
from serving.prediction.flow_times import FlowTimes
from serving.prediction.model_client import ModelClient
from serving.prediction.model_parts import HostedParts
from serving.prediction.native_model import NativeModel
from serving.prediction.outcome import PartialPrediction
from serving.prediction.package_files import PackageFiles, names_without_personal
from serving.prediction.served_platform import ServedPlatform
from serving.prediction.timing import TimingModel
from serving.protocols.protocol import ScoredRows
from serving.settings import Settings

logger = logging.getLogger("serving")


@dataclass(frozen=True)
class Predictor:
    """A loaded package that answers requests."""

    manifest: Manifest
    golden: Golden | None
    golden_cases: GoldenCases
    client: ModelClient
    """The model's processes."""
    own: NativeModel
    compiled: CompiledModel | None
    parts: HostedParts
    """Parts of the model, for ``compiled``."""
    checker: RowChecker
    fast: FastRows
    membership: RowMembership
    metrics: ServingMetrics
    observer: MetricsRecorder
    feedback: FeedbackEndpoint | None  # None if labels are off
    flagged_rows: FlaggedRowsLog | None
    """None if ``MODEL_FLAGGED_LOG`` is not set."""
    platform: ServedPlatform
    proof_rows: Sequence[dict[str, Any]]
    """On which the compiled form is compared with the model if the build could not."""
    costs: TimingModel | None
    """Measured times of compiled predictions; None without rows to measure them on."""
    budget: Budget

    @classmethod
    def load(
        cls,
        settings: Settings,
        files: PackageFiles,
        routes: Mapping[str, Sequence[str]],
        client: ModelClient,
    ) -> Self:
        """Prepare the answers of a package with these files; raise ``PackageError`` on failure.

        ``routes``: route template → classes of its status codes, for the metrics.
        """
        manifest, checker = files.manifest, files.checker
        described, clocks = manifest.schema_, files.clocks
        metrics = ServingMetrics(files.measured_package(), routes)
        files.parts.bind(client)
        client.watch_members(metrics.members, files.members.needed)
        loaded = cls(
            manifest=manifest,
            golden=files.golden,
            golden_cases=files.golden_cases,
            client=client,
            own=NativeModel(client, described, checker, _flow_times(manifest, metrics)),
            compiled=files.compiled,
            parts=files.parts,
            checker=checker,
            fast=FastRows(described, checker, strict=manifest.serve.strict),
            membership=files.membership,
            metrics=metrics,
            observer=MetricsRecorder(files.names, files.profile, metrics, clocks),
            feedback=FeedbackEndpoint(
                settings.feedback, manifest, metrics, settings.deadline_seconds
            )
            if settings.feedback.on
            else None,
            flagged_rows=flagged_rows_log(
                settings.feedback, manifest.tag, names_without_personal(manifest), clocks
            ),
            platform=files.platform,
            proof_rows=files.proof_rows,
            costs=None,
            budget=settings.budget,
        )
        return replace(loaded, costs=_measured(loaded))

    def read(self, body: bytes) -> ValidatedRows:
        """The validated rows of a ``/predict`` body; raises ``RequestError``."""
        messages.check_json(body, self.budget)
        heavy = is_heavy(body)
        checked = self.fast.read(body, heavy=heavy)
        if checked is not None:
            return checked
        rows = messages.parse_checked_rows(body, heavy=heavy)
        return self.check(rows) if heavy else self._exactly(rows)

    def check(self, rows: list[dict[str, Any]]) -> ValidatedRows:
        """Validate rows parsed by another protocol; raises ``RequestError``."""
        checked = self.fast.check(rows)
        return checked if checked is not None else self._exactly(rows)

    @property
    def classes(self) -> tuple[Scalar, ...] | None:
        """The model's classes, in the order of probabilities; None for a regression."""
        return self.manifest.schema_.classes

    @property
    def needs_proof(self) -> bool:
        """Whether no build has compared the compiled form with the model on this platform."""
        return self.compiled is not None and self.platform.proved_on is None

    @property
    def needs_model(self) -> bool:
        """Whether no row is answered without the model's process."""
        return self.compiled is None or self.compiled.needs_model

    def score(self, checked: ValidatedRows, deadline: float) -> PartialPrediction:
        """Predictions by the compiled form, and by the model for rows outside its domain.

        Called in a thread. Raises what ``NativeModel`` raises.
        """
        outcome = self.compiled_by(checked, deadline)
        if not outcome.outside:
            return outcome
        rest = self.own.part(checked, outcome.outside)
        try:
            return outcome.completed(self.own.predict_blocking(rest, deadline))
        except RowRefusedError as error:
            raise error.at(outcome.outside) from None

    def compiled_by(self, checked: ValidatedRows, deadline: float) -> PartialPrediction:
        """Like ``try_compiled``, in a thread, also for a form that calls parts of the model.

        If such a part raises, the model is to answer all rows, so that its error is the answer.
        """
        self.parts.deadline = deadline
        try:
            return self.try_compiled(checked)
        except ModelError:
            return PartialPrediction([None] * checked.rows, None, range(checked.rows))

    def try_compiled(self, checked: ValidatedRows) -> PartialPrediction:
        """Predictions of the compiled form, and the rows outside its domain."""
        if self.compiled is None:
            return PartialPrediction([None] * checked.rows, None, range(checked.rows))
        if checked.row is not None and not self.compiled.has_outputs:
            return _one_row(self.compiled.predict_row(checked.row))
        columns = self.features(checked)
        if self.costs and checked.rows <= self.costs.one_by_one:
            return _one_by_one(self.compiled, columns)
        predictions, inside = self.compiled.predict_rows(columns, checked.arrays)
        outside = () if inside.all() else np.flatnonzero(~inside).tolist()
        return PartialPrediction(
            predictions.labels, predictions.probabilities, outside, more=predictions.more
        )

    def inline(self, checked: ValidatedRows) -> bool:
        """Whether the compiled form can predict these rows within ``MAX_INLINE_SECONDS``."""
        if self.compiled is None or self.needs_model:
            return False
        if self.costs is None:
            return checked.rows == 1
        return self.costs.is_inline(checked, self.compiled.text_columns)

    def features(self, checked: ValidatedRows) -> Sequence[Sequence[Any]]:
        """The columns that the model uses."""
        return checked.columns[: len(self.manifest.schema_.features)]

    def scored(
        self, checked: ValidatedRows, outcome: PartialPrediction
    ) -> tuple[ScoredRows, Batch]:
        """The rows for the protocol's answer, and the counts for the metrics."""
        if checked.row is not None:
            bitmaps: Bitmaps = [self.membership.bitmap(checked.row)]
        elif checked.arrays is not None:
            bitmaps = self.membership.bitmaps_of(checked.columns, checked.arrays)
        else:
            bitmaps = self.membership.bitmaps(checked.columns, checked.rows)
        labels, probabilities = outcome.labels, outcome.probabilities
        if checked.rows == 1 and isinstance(probabilities, np.ndarray):
            probabilities = probabilities.tolist()
        minted = None if self.feedback is None else self.feedback.tokens
        tokens = None if minted is None else minted.mint(labels, probabilities, bitmaps)
        batch = Batch(
            checked.columns,
            labels,
            probabilities,
            bitmaps,
            checked.flags,
            checked.anomalies,
            tokens,
            checked.rows - outcome.native,
            checked.row,
            checked.arrays,
            checked.defaulted,
        )
        classes = self.manifest.schema_.probability_classes
        if outcome.absent:
            checked = replace(checked, flags=with_absent(checked.flags, outcome.absent))
        return ScoredRows(checked, labels, probabilities, classes, tokens, outcome.more), batch

    def compiled_check_sampler(self, ratio: float) -> CheckSampler | None:
        """A sampler of rows for the compiled check; None if there is no comparison."""
        folder = os.environ.get(COMPILED_CHECK_DIR)
        if self.compiled is None or not ratio or folder is None:
            return None
        return CheckSampler(Path(folder), ratio, len(self.manifest.schema_.features), self.metrics)

    def log_flagged(self, batch: Batch) -> None:
        """Write a sample of the flagged rows to their log, if it is enabled."""
        if self.flagged_rows is None or not any(batch.flags):
            return
        try:
            flags = self.observer.unexpected_flags(batch.flags)
            self.flagged_rows.write(batch.columns, flags, batch.labels, batch.tokens)
        except OSError as error:  # a full disk must not prevent answers
            logger.error("flagged rows are not logged: %s", error)

    def _exactly(self, rows: Sequence[Mapping[str, Any]]) -> ValidatedRows:
        try:
            return self.checker.check(rows)
        except RowError as error:
            raise messages.RequestError.of_row(error) from error
        except RecursionError as error:  # parsed, but too deeply nested to be shown in an error
            raise messages.unreadable("too deeply nested") from error


def _flow_times(manifest: Manifest, metrics: ServingMetrics) -> FlowTimes | None:
    if manifest.solution is None:
        return None
    return FlowTimes(metrics.series, manifest.solution)


def _one_row(answer: tuple[Scalar, list[float] | None] | None) -> PartialPrediction:
    if answer is None:
        return PartialPrediction([None], None, (0,))
    label, chances = answer
    return PartialPrediction([label], None if chances is None else [chances], ())


def _one_by_one(compiled: CompiledModel, columns: Sequence[Sequence[Any]]) -> PartialPrediction:
    answers = [compiled.predict_row(row) for row in zip(*columns, strict=True)]
    outside = [row for row, answer in enumerate(answers) if answer is None]
    if outside:
        width = next((len(a[1]) for a in answers if a is not None and a[1] is not None), 0)
        nothing = (None, [math.nan] * width)
        known = [nothing if answer is None else answer for answer in answers]
    else:
        known = [answer for answer in answers if answer is not None]
    labels = [label for label, _ in known]
    probabilities = [chances for _, chances in known if chances is not None]
    return PartialPrediction(
        labels, probabilities if len(probabilities) == len(labels) else None, outside
    )


def _measured(predictor: Predictor) -> TimingModel | None:
    """Times of compiled predictions on the golden rows; None if there are none."""
    compiled = predictor.compiled
    golden = predictor.golden
    if compiled is None or compiled.needs_model or golden is None or not golden.rows:
        return None
    rows = [*golden.rows]
    checked = predictor.fast.read(messages.encode({"rows": rows})) or predictor.check(rows)
    return TimingModel.measure(compiled, predictor.features(checked), checked.arrays)
