"""Seeds are consecutive from the recipe's own; a failed training ends the sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.errors import PackageError, UsageError
from packager.manifest.evaluation import Evaluation, MetricValues, SeedVariance
from packager.manifest.manifest import Recipe
from packager.worker import seeds
from packager.worker.seeds import train_seeds

ROOT: Any = None


class Sweep:
    """What a worker is asked, without the fields that nothing here reads."""

    def __init__(self, recipe: Any, count: int) -> None:
        self.job = AskedJob(recipe)
        self.count = count


class AskedJob:
    """A job of which only the recipe is read."""

    def __init__(self, recipe: Any) -> None:
        self.recipe = recipe

    def model_copy(self, update: dict[str, Any]) -> AskedJob:
        return AskedJob(update["recipe"])


def recipe(seed: int) -> Recipe:
    return Recipe(train="train:train", seed=seed, params={}, level="artifact", accept={})


@pytest.fixture
def trained(monkeypatch) -> list[int]:
    """The seeds that are trained with; a model's metric is its seed."""
    found: list[int] = []

    def evaluation(job: Any, *_: Any) -> Evaluation:
        seed = job.recipe.seed
        found.append(seed)
        return Evaluation(overall=MetricValues(rows=1, values={"mae": float(seed)}), slices={})

    monkeypatch.setattr(seeds, "_read", lambda *_: None)
    monkeypatch.setattr(seeds, "_evaluation", evaluation)
    return found


def swept(asked: Sweep, folder: Path) -> SeedVariance:
    return train_seeds(asked, ROOT, folder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "wanted"), [(7, [7, 8, 9]), (2**32 - 2, [2**32 - 2, 2**32 - 1, 0])]
)
def test_seeds_go_up_from_the_recipes_own_and_stay_seeds(tmp_path, trained, first, wanted, capsys):
    spread = swept(Sweep(recipe(first), 3), tmp_path / "out")
    assert trained == wanted
    assert spread.overall["mae"] == tuple(map(float, wanted))
    assert SeedVariance.load(tmp_path / "out" / "seed_variance.json") == spread
    assert f"seed {wanted[1]} (2 of 3): mae" in capsys.readouterr().err


def test_a_training_that_fails_leaves_no_spread(tmp_path, trained, monkeypatch):
    def failing(*_: Any) -> Evaluation:
        raise PackageError("train raised ValueError")

    monkeypatch.setattr(seeds, "_evaluation", failing)
    with pytest.raises(PackageError, match="train raised"):
        swept(Sweep(recipe(0), 2), tmp_path)
    assert not (tmp_path / "seed_variance.json").exists()


def test_a_given_model_can_not_be_repeated(tmp_path):
    with pytest.raises(UsageError, match=r"expected a \[recipe\]"):
        swept(Sweep("none", 2), tmp_path)
