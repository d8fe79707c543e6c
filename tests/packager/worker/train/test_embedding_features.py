"""The reference of the project's embedding: learned of training rows, binned of held-out rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.prediction_messages import encode_matrix
from modelhost.wire import Message
from packager.errors import UsageError
from packager.model.hosted_model import HostedModel
from packager.worker.train.dataset import Dataset
from packager.worker.train.embedding_features import MAX_EMBEDDED_ROWS, embedding_features

FRAME = pd.DataFrame({"x": np.arange(4_000.0), "y": 0})


def hosted(embed: Callable[[int], Any]) -> tuple[HostedModel, list[dict[str, Any]]]:
    """A model whose embedding is ``embed(rows)``, and what it is asked."""
    asked: list[dict[str, Any]] = []

    def send(request: Message, seconds: float | None = None) -> Message:
        asked.append(request.header)
        return Message(*encode_matrix(embed(request.header["rows"])))

    return HostedModel(send, 3, "regression", None, False, ("x",), 1, None, "M"), asked


def dataset(embedding: str | None = "own:embed", held_out: int = 4_000) -> Dataset:
    return Dataset(FRAME, FRAME[:held_out], ("x",), ("y",), embedding=embedding)


def spread(rows: int) -> Any:
    return np.random.default_rng(rows).normal(size=(rows, 3))


def test_distances_of_held_out_rows_in_bins() -> None:
    model, asked = hosted(spread)
    found = embedding_features(dataset(), model)
    assert [one.name for one in found] == ["__embedding__.distance", "__embedding__.nearest"]
    assert [sum(one.counts) for one in found] == [MAX_EMBEDDED_ROWS] * 2
    assert {(one["verb"], one["function"], one["model"]) for one in asked} == {
        ("embed", "own:embed", 3)
    }


def test_none_is_asked_for_without_one() -> None:
    model, asked = hosted(spread)
    assert embedding_features(dataset(None), model) == ()
    assert asked == []


def test_few_held_out_rows_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert embedding_features(dataset(held_out=19), hosted(spread)[0]) == ()
    assert "no drift of the embedding own:embed: fewer than 20 held-out" in capsys.readouterr().err


def test_a_size_that_depends_on_the_rows_is_refused() -> None:
    model, _ = hosted(lambda rows: np.ones((rows, min(rows, 5))))
    with pytest.raises(UsageError, match="as many numbers for one row as for 2,000, got 1 and 5"):
        embedding_features(dataset(), model)
