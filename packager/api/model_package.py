"""A built package in Python: what is in it, its predictions, and checks of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd

from packager.api.frames import findings_frame, metrics_frame, schema_frame, slices_frame
from packager.api.opening import opened_package
from packager.api.outcomes import DiffOutcome, ReplayOutcome, TestOutcome
from packager.api.package_session import PackageSession
from packager.api.rows import Rows, frame_of, table_of
from packager.cache import temporary_directory
from packager.client import Client
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Manifest
from packager.progress import NullProgress, Progress
from packager.report.notebook_progress import shown_progress

PREDICTION, PROBABILITY = "prediction", "probability "


class ModelPackage:
    """The package that ``ref`` names: a tag, an OCI folder, an archive, an image in a registry.

    Opened at the first use, closed by ``close`` or the end of a ``with`` block. The model runs in
    the package's own environment, in a container or with ``local=True`` in a process of this
    machine, never in the caller's Python. Threads share its process, and take turns. A copy, a
    pickled one and a forked process open the package for themselves.
    """

    def __init__(self, ref: str, *, local: bool = False, key: str | Path | None = None) -> None:
        """``key``: the public key file that must have signed the package."""
        self.ref, self.local, self.key = str(ref), local, key
        self._progress: Progress = NullProgress()
        self._session = PackageSession(self._open_again)

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the package's process; the next use starts another."""
        self._session.close()

    @property
    def manifest(self) -> Manifest:
        """Everything that the package records about itself."""
        return self._opened().manifest

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The version with the beginning of the root: the tag."""
        return self.manifest.tag

    @property
    def task(self) -> str:
        """``classification``, ``regression`` or another task."""
        return self.manifest.task

    @property
    def root(self) -> str:
        """sha256 over everything that runs."""
        return self.manifest.root

    @property
    def schema(self) -> pd.DataFrame:
        """The columns: role, kind, whether a row must have them."""
        return schema_frame(self.manifest)

    @property
    def metrics(self) -> pd.DataFrame:
        """The metrics on held-out rows, with 95 % intervals and a constant prediction's."""
        return metrics_frame(self.manifest)

    @property
    def slices(self) -> pd.DataFrame:
        """The same by declared slice."""
        return slices_frame(self.manifest)

    @property
    def findings(self) -> pd.DataFrame:
        """The weak slices that the build found."""
        return findings_frame(self._opened())

    @property
    def classes_(self) -> np.ndarray[Any, Any]:
        """The classes in the order of ``predict_proba``; raises ``AttributeError`` without any."""
        classes = self.manifest.schema_.classes
        if classes is None:
            raise AttributeError(f"{self.name} has no classes")
        return np.asarray(classes)

    @property
    def feature_names_in_(self) -> np.ndarray[Any, Any]:
        """The names of the features, in the order of a matrix."""
        return np.asarray(
            [feature.name for feature in self.manifest.schema_.features], dtype=object
        )

    @property
    def n_features_in_(self) -> int:
        """The number of features."""
        return len(self.manifest.schema_.features)

    def answers(self, rows: Rows) -> pd.DataFrame:
        """Predictions, probabilities, flags and version, with the index of ``rows``.

        Equal to what the server answers. Raises ``PackageError`` naming the first row that the
        package refuses.
        """
        frame = frame_of(rows, self.manifest.schema_)
        table = table_of(frame, self.manifest.schema_)
        answers: pd.DataFrame = self._session.answers(table).to_pandas()
        return answers.set_axis(frame.index, axis=0)

    def predict(self, rows: Rows) -> np.ndarray[Any, Any]:
        """The predictions: (rows,), or (rows, outputs) of several outputs in their order."""
        answers = self.answers(rows)
        outputs = self.manifest.schema_.outputs
        if len(outputs) > 1:
            return answers[[output.name for output in outputs]].to_numpy()
        predicted = answers[PREDICTION].to_numpy()
        return predicted.astype(self.classes_.dtype) if self.manifest.schema_.classes else predicted

    def predict_proba(self, rows: Rows) -> np.ndarray[Any, Any]:
        """The probabilities, (rows, classes) in the order of ``classes_``.

        Raises ``UsageError`` for a package that gives none.
        """
        answers = self.answers(rows)
        names = [name for name in answers.columns if name.startswith(PROBABILITY)]
        if not names or answers[names].isna().to_numpy().all():
            raise UsageError(
                f"{self.name}: expected a model with probabilities, got one without",
                "use .predict",
            )
        return answers[names].to_numpy()

    def fit(self, *_: Any, **__: Any) -> Self:
        """Raise ``UsageError``: a package is trained by its recipe."""
        raise UsageError(
            f"{self.name}: expected a model to train, got a package, which is trained already",
            "to keep it as it is within another estimator use sklearn.frozen.FrozenEstimator",
        )

    def score(self, rows: Rows, target: Any) -> float:
        """The share of right labels; of numbers the coefficient of determination R²."""
        predicted, truth = self.predict(rows), np.asarray(target)
        if self.manifest.schema_.classes:
            return float(np.mean(predicted == truth))
        spread = np.sum((truth - truth.mean()) ** 2)
        return float(1 - np.sum((truth - predicted) ** 2) / spread) if spread else float("nan")

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[Client]:
        """A server on 127.0.0.1 for the block, and its client; ``port`` 0: a free one."""
        from packager.run.serve import serving
        from packager.run.serve_settings import ServeSettings

        settings = ServeSettings.from_environment(memory=None)
        with (
            self._open_again() as (reference, engine),
            serving(reference, engine, port, self._progress, settings) as server,
            Client(server.url) as client,
        ):
            yield client

    def test(self, rows: pd.DataFrame) -> TestOutcome:
        """Test the package on new rows, which have the target; nothing is recorded beside them."""
        from packager.testing.run import DataTestRequest, run_test

        with (
            temporary_directory() as folder,
            self._open_again(companion=True) as (reference, engine),
            shown_progress(f"{self.name}: test on {len(rows)} rows") as progress,
        ):
            file = folder / "rows.parquet"
            rows.to_parquet(file, index=False)
            request = DataTestRequest(str(file), state=folder / "state")
            report = run_test(reference, request, engine, progress).report
        assert report is not None, "a new ledger has tested nothing"
        return TestOutcome(report)

    def replay(self) -> ReplayOutcome:
        """Train again from the package alone, and compare the models."""
        from packager.run.replay import replay
        from packager.worker.job import ReplayRequest

        with (
            self._open_again(verified=True) as (reference, engine),
            shown_progress(f"{self.name}: replay") as progress,
        ):
            return ReplayOutcome(replay(reference, engine, progress, ReplayRequest()))

    def diff(self, other: str | ModelPackage, rows: pd.DataFrame | None = None) -> DiffOutcome:
        """The differences to ``other``; with labelled ``rows``, a paired comparison on them."""
        from packager.compare.packages import diff_packages
        from packager.run.evaluate import evaluate_pair

        ref = other.ref if isinstance(other, ModelPackage) else str(other)
        beside = ModelPackage(ref, local=self.local, key=self.key)
        with ExitStack() as stack:
            own, engine = stack.enter_context(self._open_again(companion=rows is not None))
            its, _ = stack.enter_context(beside._open_again(companion=rows is not None))
            if rows is None:
                return DiffOutcome(diff_packages(own, its))
            file = stack.enter_context(temporary_directory()) / "rows.parquet"
            rows.to_parquet(file, index=False)
            return DiffOutcome(evaluate_pair(own, its, file, engine, self._progress))

    def __repr__(self) -> str:
        return f"ModelPackage({self.ref!r})"

    def _repr_html_(self) -> str:
        from packager.api.notebook_view import package_view

        return package_view(self._opened(), self.ref)

    def _opened(self) -> Reference:
        return self._session.reference()

    @contextmanager
    def _open_again(self, **what: bool) -> Iterator[Any]:
        """Open it again; ``what``: the ``companion`` or ``verified`` of ``opened_package``."""
        key = None if self.key is None else Path(self.key)
        with opened_package(self.ref, self._progress, local=self.local, key=key, **what) as opened:
            yield opened

    def __getstate__(self) -> tuple[dict[str, Any], str | None]:
        return self.get_params(), self._session.root

    def __setstate__(self, state: tuple[dict[str, Any], str | None]) -> None:
        params, root = state
        self.__init__(**params)  # type: ignore[misc]
        self._session = self._session.shared((*params.values(), root)) if root else self._session

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor, as scikit-learn asks for them."""
        del deep
        return {"ref": self.ref, "local": self.local, "key": self.key}

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor; the next use opens the package again."""
        self.close()
        for name, value in params.items():
            if name not in self.get_params():
                raise UsageError(f"expected one of ref, local, key, got {name!r}")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from packager.api.estimator_tags import tags_of

        return tags_of(self.task)

    @property
    def _estimator_type(self) -> str:
        return "classifier" if self.manifest.schema_.classes else "regressor"


def load(ref: str, *, local: bool = False, key: str | Path | None = None) -> ModelPackage:
    """Open a package; raises ``PackageError`` if there is none, or it can't be trusted or run.

    >>> package = packager.load("models/churn:1.0.0-3f9c12ab45de")  # doctest: +SKIP
    >>> package.predict(frame)  # doctest: +SKIP
    """
    package = ModelPackage(ref, local=local, key=key)
    package._opened()
    return package
