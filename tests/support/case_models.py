"""A model of prices and its mutants, asked as a process is, within this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.model import LoadedModel
from modelhost.output_spec import OutputSpec
from modelhost.session import HostSession
from modelhost.wire import Message
from packager.manifest.base import Task
from packager.manifest.case import Case
from packager.manifest.manifest import Column, Manifest, Schema, Serve, Slices
from packager.manifest.outputs import Output
from packager.manifest.policy import Policy
from packager.model.hosted import reported
from packager.model.hosted_model import HostedModel
from packager.model.paths import Root
from packager.worker.processes.resilient_model import ResilientModel
from packager.worker.test.cases import run
from packager.worker.test.cases.row_outcomes import RowAsker
from packager.worker.test.cases.rows import DataRows
from packager.worker.test.report import Check

FEATURES = (
    Column(name="carat", kind="number", dtype="float64", nullable=False, minimum=0.2, maximum=3.0),
    Column(name="count", kind="integer", dtype="int64", nullable=False, minimum=0, maximum=20),
    Column(
        name="cut",
        kind="string",
        dtype="str",
        nullable=True,
        categories=("Fair", "Good", "Ideal"),
    ),
    Column(name="note", kind="string", dtype="str", nullable=True),
)
TARGET = Column(name="price", kind="number", dtype="float64", nullable=False)
SERVE = Serve(predictor="auto", compile="off", workers=1, strict=False)
PRICES = Schema(features=FEATURES, target=TARGET)
CLASSES = PRICES.model_copy(update={"target": None, "classes": ("cheap", "dear")})
CUTS = {"Fair": 0.0, "Good": 100.0, "Ideal": 300.0}


def rows(count: int = 60) -> pd.DataFrame:
    """Rows of diamonds; each of their prices is ``price_of``."""
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "carat": draw.uniform(0.3, 2.5, count).round(2),
            "count": draw.integers(1, 15, count),
            "cut": draw.choice([*CUTS], count),
            "note": [f"stone {place}" for place in range(count)],
        }
    )


def price_of(frame: pd.DataFrame) -> Any:
    """The right prices, shape (n,)."""
    cuts = frame["cut"].map(CUTS).fillna(0.0).astype(float)
    return np.asarray(2_000 * frame["carat"] + 10 * frame["count"] + cuts, np.float64)


class Prices:
    """Predicts ``rule`` of a frame."""

    def __init__(self, rule: Callable[[pd.DataFrame], Any] = price_of) -> None:
        self.predict = rule


class Classes:
    """Says ``cheap`` or ``dear`` by a number between 0 and 1."""

    classes_ = np.array(["cheap", "dear"])

    def __init__(self, chance: Callable[[pd.DataFrame], Any]) -> None:
        self._chance = chance

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        """Shape (n, 2)."""
        dear = np.asarray(self._chance(frame), np.float64)
        return np.column_stack([1 - dear, dear])

    def predict(self, frame: pd.DataFrame) -> Any:
        """The more probable class."""
        return self.classes_[(self.predict_proba(frame)[:, 1] > 0.5).astype(int)]


def chance_of(frame: pd.DataFrame) -> Any:
    """A chance that rises with the price."""
    return np.clip(price_of(frame) / 6_000, 0.01, 0.99)


def hosted(native: Any, task: Task, outputs: Sequence[OutputSpec] = ()) -> HostedModel:
    """``native`` behind the messages of a model's process."""
    classes = tuple(native.classes_) if hasattr(native, "classes_") else None
    loaded = LoadedModel(
        native, task, classes, hasattr(native, "predict_proba"), outputs=tuple(outputs)
    )
    shop = HostSession([loaded])

    def send(request: Message, seconds: float | None = None) -> Message:
        answer = shop.answer(request)
        if "error" in answer.header:
            raise reported(answer.header["error"])
        return answer

    return HostedModel.read(send, task, Message({"model": {"number": 0, **loaded.described()}}))


class NearbyModel(ResilientModel):
    """An ``ResilientModel`` without a process."""

    def __init__(self, model: HostedModel, schema: Schema) -> None:
        super().__init__(None, schema, None)  # type: ignore[arg-type]
        self._host, self._model = self, model  # type: ignore[assignment]

    def _start(self) -> None:
        pass

    def close(self) -> None:
        """Nothing runs."""


def asker(native: Any, schema: Schema = PRICES, task: Task = "regression") -> RowAsker:
    """Asks ``native`` for rows."""
    specs = [one.spec for one in schema.outputs]
    return RowAsker(NearbyModel(hosted(native, task, specs), schema))


def manifest_of(
    *cases: Case, schema: Schema = PRICES, task: Task = "regression", **policy: Any
) -> Manifest:
    """The parts of a manifest that cases read."""
    return Manifest.model_construct(
        name="prices",
        task=task,
        schema_=schema,
        serve=SERVE,
        slices=Slices(columns={"cut": ("Fair", "Ideal")}, rules={}),
        data="none",
        test=Policy(case=cases, **policy),
    )


def data_rows(frame: pd.DataFrame) -> DataRows:
    """``frame`` as the rows of the data, with the slices of its cut."""
    masks = {f"cut={cut}": np.asarray(frame["cut"] == cut) for cut in ("Fair", "Ideal")}
    every = {"__all__": np.ones(len(frame), np.bool_)}
    return DataRows(frame, np.arange(len(frame)), {**every, **masks})


class CaseBench:
    """Judges cases on models of this process."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        self._patch = patch
        self.root = Root(root)
        self.root.code.mkdir(parents=True, exist_ok=True)
        patch.syspath_prepend(str(self.root.code))

    def judge(
        self,
        native: Any,
        *cases: Case,
        schema: Schema = PRICES,
        task: Task = "regression",
        frame: pd.DataFrame | None = None,
        batches: bool = False,
    ) -> list[Check]:
        """The checks of ``cases`` on ``frame``."""
        model = hosted(native, task, [one.spec for one in schema.outputs])
        stored = type("Stored", (), {"load": lambda *_: model})
        self._patch.setattr(run, "StoredModel", lambda *_: stored())
        self._patch.setattr(run, "model_host", lambda _, **__: None)
        self._patch.setattr(run, "ResilientModel", lambda _, s, *__, **___: NearbyModel(model, s))
        self._patch.setattr(run, "ModelHost", lambda _: NearbyModel(model, schema))
        manifest = manifest_of(*cases, schema=schema, task=task)
        data = data_rows(rows() if frame is None else frame)
        return list(run.cases(data, manifest, self.root, batches=batches).checks)


def outputs_schema(*outputs: Output) -> Schema:
    """The features with these outputs."""
    return Schema(features=FEATURES, outputs=outputs)
