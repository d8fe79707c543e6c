"""Bytes that crash or detain treelite's importers cost the trees of the form, and nothing else."""

from __future__ import annotations

import re

import lightgbm
import numpy as np
import pytest
import treelite
import xgboost

from packager.worker.compile import foreign_trees
from packager.worker.compile.fitted_model import DescribedHead
from packager.worker.compile.foreign_trees import imported
from packager.worker.compile.treelite_models import treelite_model
from packager.worker.compile.trees import RefusedStrategy, trees_of

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(200, 4))
TARGET = FEATURES[:, 0] > 0


def text() -> str:
    """A model of LightGBM as its library writes it."""
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(FEATURES, TARGET)
    return str(model.booster_.model_to_string())


def arrays(content: bytes) -> dict[str, np.ndarray]:
    return {"bytes": np.frombuffer(content, np.uint8)}


def children(place: int) -> bytes:
    """The model, with another left child of every node."""
    return re.sub(
        r"left_child=(.*)", lambda m: f"left_child={f'{place} ' * len(m[1].split())}", text()
    ).encode()


def test_a_process_imports_the_same_bytes():
    boosted = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(FEATURES, TARGET)
    ubjson = bytes(boosted.get_booster().save_raw("ubj"))
    for kind, content in (("lightgbm", text().encode()), ("xgboost ubj", ubjson)):
        here = treelite_model({"kind": kind}, arrays(content)).serialize_bytes()
        there = imported(kind, arrays(content))
        assert there == here
        assert treelite.Model.deserialize_bytes(there).serialize_bytes() == here


def test_a_crash_of_the_importer_is_a_reason():
    head = DescribedHead(
        {"trees": {"estimator": "LGBMClassifier", "kind": "lightgbm"}}, arrays(children(10**8))
    )
    found = trees_of(head)
    assert isinstance(found, RefusedStrategy)
    assert found.reason == (
        "treelite can't take LGBMClassifier: its importer ended with signal SIGSEGV"
    )


def test_an_importer_that_does_not_return_is_ended(monkeypatch):
    monkeypatch.setattr(foreign_trees, "SECONDS", 3.0)
    with pytest.raises(ValueError, match=r"^its importer took over 3 s$"):
        imported("lightgbm", arrays(children(0)))


def test_what_treelite_refuses_has_neither_time_nor_place_in_the_reason():
    wrong = re.sub(r"split_feature=\S+", "split_feature=99999999", text()).encode()
    head = DescribedHead(
        {"trees": {"estimator": "LGBMClassifier", "kind": "lightgbm"}}, arrays(wrong)
    )
    found = trees_of(head)
    assert isinstance(found, RefusedStrategy)
    assert found.reason.startswith("treelite can't take LGBMClassifier: Check failed: split_index")


def test_other_arrays_are_refused():
    for wrong in ({}, {"bytes": np.zeros(3)}, {**arrays(b"x"), "nodes": np.zeros(1, np.uint8)}):
        with pytest.raises(ValueError, match="don't fit together"):
            imported("lightgbm", wrong)
