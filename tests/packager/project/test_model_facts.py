"""Task, labels and requirements that the file of a model tells."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from tiny_models import LABELS, NUMBERS, THREE, lightgbm_booster, xgboost_booster

from modelhost.loaders.formats import FORMATS
from packager.project.model_facts import facts_of_format, facts_of_pickle


@pytest.mark.parametrize(
    ("objective", "target", "task"),
    [
        ("binary", LABELS, "classification"),
        ("multiclass", THREE, "classification"),
        ("regression", NUMBERS, "regression"),
    ],
)
def test_the_objective_of_lightgbm_is_the_task(
    tmp_path: Path, objective: str, target: object, task: str
) -> None:
    more = {"num_class": 3} if objective == "multiclass" else {}
    lightgbm_booster(objective, target, **more).save_model(tmp_path / "m.txt")
    facts = facts_of_format(tmp_path / "m.txt", FORMATS["lightgbm"])
    assert (facts.task, facts.labelled, facts.numbered) == (task, False, True)
    assert facts.requirements == ["lightgbm", "pandas"]


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize(
    ("objective", "target", "task"),
    [
        ("binary:logistic", LABELS, "classification"),
        ("reg:squarederror", NUMBERS, "regression"),
    ],
)
def test_the_objective_of_xgboost_is_the_task(
    tmp_path: Path, suffix: str, objective: str, target: object, task: str
) -> None:
    xgboost_booster(objective, target).save_model(tmp_path / f"m.{suffix}")
    facts = facts_of_format(tmp_path / f"m.{suffix}", FORMATS[f"xgboost_{suffix}"])
    assert facts.task == task
    assert facts.requirements[-1].startswith("xgboost-cpu")
    assert (">=" in facts.requirements[-1]) == (suffix == "json")


def test_networks_don_t_tell(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"PK")
    facts = facts_of_format(tmp_path / "m.pt", FORMATS["torchscript"])
    assert (facts.task, facts.labelled, facts.numbered) == (None, False, False)


def test_the_modules_of_a_pickle_are_its_requirements() -> None:
    content = pickle.dumps({"booster": 1}) + b"lightgbm.basic"
    assert facts_of_pickle(content).requirements == ["joblib", "lightgbm", "pandas"]
