"""A server compares the compiled form on a platform that no build ran."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from case_models import PRICES, manifest_of

from packager.data.rows.request_rows import RowChecker
from packager.manifest.evaluation import Compilation
from serving.compiled_check.self_proof import SelfProof
from serving.prediction.errors import ModelError, ModelProcessEndedError
from serving.prediction.outcome import PartialPrediction
from serving.prediction.served_platform import ServedPlatform

ROWS = [{"carat": float(number), "count": 1, "cut": "Fair", "note": None} for number in range(120)]


OTHER = ServedPlatform("linux/arm64", None)


@dataclass(frozen=True)
class Form:
    """A predictor whose compiled form answers twice the carat, plus ``error`` in row ``wrong``."""

    wrong: float = -1.0
    outside: tuple[float, ...] = ()
    platform: ServedPlatform = OTHER
    proof_rows: list[dict[str, Any]] = field(default_factory=lambda: ROWS)
    compiled: Any = "a form"
    costs: Any = None
    told: list[str] = field(default_factory=list)

    @property
    def manifest(self) -> Any:
        """With a tolerance."""
        known = Compilation(verdict="equal", tolerance=1e-9)
        return manifest_of().model_copy(update={"task": "regression", "compiled": known})

    @property
    def needs_proof(self) -> bool:
        """As ``Predictor.needs_proof``."""
        return self.compiled is not None and self.platform.proved_on is None

    @property
    def metrics(self) -> Any:
        """Where the result is told."""
        return self

    def set_proof(self, proved_on: str) -> None:
        """As of the metrics."""
        self.told.append(proved_on)

    def check(self, rows: list[dict[str, Any]]) -> Any:
        """As ``Predictor.check``."""
        return RowChecker(PRICES).check(rows)

    def compiled_by(self, checked: Any, _: float) -> PartialPrediction:
        """The form's answers."""
        carats = checked.columns[0]
        labels = [2 * carat + (0.5 if carat == self.wrong else 0.0) for carat in carats]
        away = [row for row, carat in enumerate(carats) if carat in self.outside]
        return PartialPrediction(labels, None, away)


class Native:
    """A pipeline: the model's answers, after some failures."""

    def __init__(self, *failures: Exception, refuses: float | None = None) -> None:
        self.failures, self.refuses = list(failures), refuses
        self.used: list[Any] = []

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep what answers, one after the other."""
        if name == "predictor":
            self.used.append(value)
        super().__setattr__(name, value)

    async def outcome(self, checked: Any, *_: Any) -> PartialPrediction:
        """Twice the carat."""
        if self.failures:
            raise self.failures.pop(0)
        if self.refuses in checked.columns[0]:
            raise ModelError(["ValueError"])
        return PartialPrediction([2 * carat for carat in checked.columns[0]], None, ())


def proved(form: Form, pipeline: Any) -> SelfProof:
    made = SelfProof.of(form, pipeline, 1.0)  # type: ignore[arg-type]
    assert made is not None
    assert pipeline.used[0].compiled is None, "the model answers until the proof"
    assert made.summary == "the compiled form is not proved yet on linux/arm64: the model answers"
    asyncio.run(made.run())
    return made


def test_what_a_build_has_proved_is_not_compared_again():
    form = Form(platform=ServedPlatform("linux/amd64", "native"))
    assert SelfProof.of(form, Native(), 1.0) is None  # type: ignore[arg-type]
    assert SelfProof.of(replace(form, compiled=None), Native(), 1.0) is None  # type: ignore[arg-type]


def test_an_equal_form_is_used_from_then_on():
    form, pipeline = Form(), Native(ModelProcessEndedError("ended"))
    made = proved(form, pipeline)
    assert pipeline.used[1:] == [form]
    assert form.told == ["start"]
    assert made.summary == "the compiled form was proved on linux/arm64 at the start"


@pytest.mark.parametrize("wrong", [0.0, 119.0])
def test_a_wrong_form_never_answers(wrong: float, caplog: pytest.LogCaptureFixture):
    form, pipeline = Form(wrong=wrong), Native()
    made = proved(form, pipeline)
    assert pipeline.used[1:] == []
    assert form.told == ["differs"]
    assert (
        made.summary == "the compiled form differs from the model on linux/arm64: the model answers"
    )
    assert f"expected ({2 * wrong}, None), got ({2 * wrong + 0.5}, None)" in caplog.text


def test_rows_outside_the_domain_are_not_compared():
    form, pipeline = Form(wrong=7.0, outside=(7.0,)), Native(refuses=7.0)
    assert proved(form, pipeline).proved_on == "start"


def test_a_row_that_only_the_form_answers_is_a_difference(caplog: pytest.LogCaptureFixture):
    form, pipeline = Form(), Native(refuses=60.0)
    assert proved(form, pipeline).proved_on == "differs"
    assert "the model does not answer a row that the form answers" in caplog.text


def test_without_a_row_nothing_is_proved(caplog: pytest.LogCaptureFixture):
    form, pipeline = Form(proof_rows=[]), Native()
    assert proved(form, pipeline).proved_on == "nothing"
    assert pipeline.used[1:] == []
    assert "no row of 0 could be compared" in caplog.text
