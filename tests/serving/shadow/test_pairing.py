"""Late labels joined with kept answers, and counted in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from served_labels import NAMES, Served

from monitoring.feedback.challenger_answers import ChallengerAnswer
from monitoring.feedback.scoring import settle
from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.feedback.token_store import TokenStoreError
from monitoring.metrics.registry import Series
from monitoring.metrics.shadow import ShadowPairMetrics
from serving.shadow.pairing import ShadowPairing

BITMAP = 0b011  # __all__ and color=D


class Shadowed(Served):
    """One version of a package whose challenger's answers are kept."""

    def __init__(self, folder: Path, classes: Sequence[Any] | None) -> None:
        super().__init__(folder, classes)
        self.answers = SqliteAnswerStore(folder / "kept", 100)
        pairs = ShadowPairMetrics(Series("m", "1", self.registry), NAMES, classes)
        self.pairing = ShadowPairing(lambda: self.answers, pairs)
        self.counting = self.pairing.counting(self.metrics)

    def predicted(self, label: Any, challenger: Any) -> str:
        """A token of champion's prediction; the challenger's is kept, unless it is None."""
        (text,) = self.tokens.mint([label], None, [BITMAP])
        token = self.tokens.verify(text)
        made = {True: ChallengerAnswer.of_number, False: ChallengerAnswer.of_class}
        if challenger is not None:
            answer = made[isinstance(challenger, float)](challenger, "c1")
            self.answers.keep([((token.minted, token.nonce), answer.packed())])
        return text

    def label(self, *pairs: tuple[str, Any]) -> int:
        judged = self.pairing.joined(self.scorer.verify(pairs))
        return settle(judged, self.seen, self.counting).accepted


def test_the_four_fold_table_by_slice(tmp_path: Path) -> None:
    served = Shadowed(tmp_path, ("a", "b"))
    cells = {("a", "a"): 1, ("a", "b"): 2, ("b", "a"): 3, ("b", "b"): 4}
    for (ours, theirs), rows in cells.items():
        tokens = [served.predicted(ours, theirs) for _ in range(rows)]
        assert served.label(*((token, "a") for token in tokens)) == rows
        assert served.label(*((token, "a") for token in tokens)) == 0
    for (ours, theirs), rows in cells.items():
        named = {
            who: "correct" if label == "a" else "wrong"
            for who, label in (("champion", ours), ("challenger", theirs))
        }
        for name in ("__all__", "color=D"):
            assert served.value("model_shadow_pairs_total", slice=name, **named) == rows
        assert served.value("model_shadow_pairs_total", slice="large", **named) == 0
    assert served.value("model_feedback_total", slice="__all__", outcome="correct") == 3
    assert served.value("model_feedback_rejected_total", reason="duplicate") == 10
    assert served.value("model_shadow_challenger_info", challenger="c1") == 1


def test_errors_of_a_regression(tmp_path: Path) -> None:
    served = Shadowed(tmp_path, None)
    tokens = [served.predicted(ours, theirs) for ours, theirs in ((5.0, 2.0), (1.0, -2.0))]
    assert served.label((tokens[0], 1.0), (tokens[1], 1.0)) == 2  # 4 - 1 better, 0 - 3 worse
    total = "model_shadow_error_difference_total"
    assert served.value("model_shadow_paired_labels_total", slice="__all__") == 2
    assert served.value(total, slice="__all__", direction="challenger_better") == 3
    assert served.value(total, slice="__all__", direction="challenger_worse") == 3
    assert served.value("model_shadow_error_difference_squared_total", slice="__all__") == 18


@pytest.mark.parametrize("answer", [float("nan"), float("inf")])
def test_a_number_that_is_none_makes_no_pair(tmp_path: Path, answer: float) -> None:
    served = Shadowed(tmp_path, None)
    assert served.label((served.predicted(1.0, answer), 1.0)) == 1
    assert served.value("model_shadow_unpaired_labels_total") == 1
    assert served.value("model_shadow_paired_labels_total", slice="__all__") == 0


def test_labels_without_an_answer_and_refused_ones(tmp_path: Path) -> None:
    served = Shadowed(tmp_path, ("a", "b"))
    token = served.predicted("a", None)
    assert served.label((token, "a"), (token, "c"), (token, None), ("x", "a")) == 1
    assert served.value("model_shadow_unpaired_labels_total") == 1
    assert served.value("model_feedback_rejected_total", reason="not_a_class") == 1
    assert served.value("model_feedback_rejected_total", reason="malformed") == 1
    assert served.value("model_feedback_skipped_total") == 1


def test_labels_of_another_version_are_in_no_pair(tmp_path: Path) -> None:
    older = Served(tmp_path / "older", ("a", "b"), "b" * 64)
    served = Shadowed(tmp_path, ("a", "b"))
    (token,) = older.tokens.mint(["a"], None, [BITMAP])
    assert served.label((token, "a")) == 1
    assert served.value("model_shadow_unpaired_labels_total") == 0


def test_a_store_that_fails_costs_pairs_and_no_label(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = Shadowed(tmp_path, ("a", "b"))
    tokens = [served.predicted("a", "a") for _ in range(3)]

    def broken() -> Any:
        raise TokenStoreError("gone")

    served.pairing._open = broken
    for token in tokens[:2]:
        assert served.label((token, "a")) == 1
    assert served.value("model_shadow_unpaired_labels_total") == 2
    assert caplog.text.count("labels are counted without the challenger's answers: gone") == 1
    served.pairing._open = lambda: served.answers
    assert served.label((tokens[2], "a")) == 1
    assert served.value("model_shadow_unpaired_labels_total") == 2
