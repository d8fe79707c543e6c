"""The model of a package, from request bytes to answer bytes, counted on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self

from monitoring.metrics import Baseline, Batch, Metrics
from monitoring.profile import Profile
from monitoring.slices import ALL, SliceSet
from packager.data.frames import keep_text_plain
from packager.data.rows import Checked, RowChecker, RowError
from packager.errors import PackageError
from packager.manifest import Golden, Manifest
from packager.worker.model import LoadedModel, Predictions, load_model
from packager.worker.paths import Root
from serving import protocols, schema
from serving.exchange import Exchange, Scored

ROUTES: Mapping[str, Sequence[str]] = {
    "/predict": ("2xx", "4xx", "5xx"),
    "/schema": ("2xx", "4xx"),
    "/package": ("2xx", "4xx"),
    **dict.fromkeys(protocols.ROUTES, ("2xx", "4xx", "5xx")),
    "other": ("2xx", "4xx"),
}
"""Route templates as metrics name them, and the classes of status codes they answer with."""


class ModelError(Exception):
    """The model raised, or gave what can't be an answer; the cause says what."""


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and what there is to count in it."""

    body: bytes
    batch: Batch
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictor:
    """A loaded package that answers requests; not for two threads at once."""

    manifest: Manifest
    version: str
    golden: Golden | None
    profile: Profile | None
    model: LoadedModel
    checker: RowChecker
    slices: SliceSet
    metrics: Metrics

    @classmethod
    def load(cls, root: Root, manifest: Manifest) -> Self:
        """Load model, profile and golden rows; raise ``PackageError`` if they can't be used."""
        keep_text_plain()
        profile = _load_profile(root)
        checker = RowChecker(manifest.schema_, strict=manifest.serve.strict)
        slices = _load_slices(manifest, checker)
        golden = root.package / "golden.json"
        classified = manifest.task == "classification"
        metrics = Metrics(
            manifest.name,
            manifest.tag,
            digest=manifest.root,
            profile=profile,
            slices=slices.names,
            classes=(manifest.schema_.classes or ()) if classified else None,
            baseline=_baseline(manifest),
            routes=ROUTES,
        )
        return cls(
            manifest=manifest,
            version=manifest.tag,
            golden=Golden.load(golden) if golden.exists() else None,
            profile=profile,
            model=load_model(root, manifest.serve, manifest.task),
            checker=checker,
            slices=slices,
            metrics=metrics,
        )

    def answer(self, body: bytes) -> Answer:
        """The answer to a ``/predict`` request, not counted yet.

        Raises ``RequestError`` for a request that can't be taken, ``ModelError`` where the model
        fails.
        """
        with self._stage("total"):
            with self._stage("validate"):
                checked = self._check(body)
            with self._stage("predict"):
                predictions = self._predict(checked)
            answers = [
                {**answer, "flags": flags}
                for answer, flags in zip(
                    predictions.answers(self.model.classes), checked.flags, strict=True
                )
            ]
            body = schema.predictions_body(self.version, answers)
            return Answer(body, self._batch(checked, predictions))

    def exchange(self, exchange: Exchange, body: bytes, headers: Mapping[bytes, bytes]) -> Answer:
        """The answer to a request of another protocol, not counted yet; raises as ``answer``."""
        with self._stage("total"):
            rows, context = exchange.rows(body, headers)
            with self._stage("validate"):
                checked = self._checked(rows)
            with self._stage("predict"):
                predictions = self._predict(checked)
            scored = Scored(
                checked, predictions.labels, predictions.probabilities, self.model.classes, None
            )
            text, extra = exchange.body(context, scored)
            return Answer(text, self._batch(checked, predictions), extra)

    def count(self, answer: Answer) -> None:
        """Count the rows of an answer; for those that are sent, not for those that came late."""
        self.metrics.observe_batch(answer.batch)

    def _check(self, body: bytes) -> Checked:
        return self._checked(schema.parse_rows(body))

    def _checked(self, rows: Sequence[Mapping[str, Any]]) -> Checked:
        try:
            return self.checker.check(rows)
        except RowError as error:
            raise schema.RequestError.of_row(error) from error
        except RecursionError as error:  # read, but too deep to be shown in an error
            raise schema.unreadable("too deeply nested") from error

    def _predict(self, checked: Checked) -> Predictions:
        features = [column.name for column in self.manifest.schema_.features]
        try:
            return self.model.predict(checked.frame[features])
        except (Exception, SystemExit) as error:  # a model that exits must not end the server
            raise ModelError(f"the model failed on {len(checked.frame)} rows") from error

    def _batch(self, checked: Checked, predictions: Predictions) -> Batch:
        features = self.profile.features if self.profile else ()
        return Batch(
            predicted=predictions.labels,
            slices=self.slices.masks(checked.frame),
            bins={f.name: f.bin_indices(checked.frame[f.name]) for f in features},
            anomalies=checked.anomalies,
            flags=checked.flags,
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            self.metrics.observe_stage(name, perf_counter() - started)


def _load_profile(root: Root) -> Profile | None:
    path = root.package / "profile.json"
    if not path.exists():
        return None
    try:
        return Profile.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise PackageError(
            f"{path}: expected a profile, got {error}",
            "the package is damaged or was made by another version of this program",
        ) from error


def _load_slices(manifest: Manifest, checker: RowChecker) -> SliceSet:
    try:
        slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
        slices.masks(checker.check([]).frame)  # no rows, but the dtypes every request will have
    except ValueError as error:
        raise PackageError(
            f"slices: expected slices of this package's columns, got {error}",
            "correct [slices] in package.toml and build it again",
        ) from error
    return slices


def _baseline(manifest: Manifest) -> Baseline:
    evaluation = manifest.evaluation
    if evaluation is None:
        return {}
    measured = {**evaluation.slices, ALL: evaluation.overall}
    return {name: (found.values.get("accuracy"), found.rows) for name, found in measured.items()}
