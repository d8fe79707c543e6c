"""LightGBM's text gives the answers of the booster that wrote it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tiny_models import ROWS, lightgbm_booster, loaded_file

from modelhost.state import state, state_digest


def test_a_file_answers_as_the_booster(tmp_path: Path) -> None:
    booster = lightgbm_booster()
    booster.save_model(tmp_path / "m.txt")
    model = loaded_file(tmp_path / "m.txt", "classification", ("no", "yes"))
    found = model.predict(ROWS)
    assert found.probabilities is not None
    assert (found.probabilities[:, 1] == booster.predict(ROWS)).all()
    assert found.labels == ["yes" if one > 0.5 else "no" for one in booster.predict(ROWS)]
    assert (model.type_name, model.feature_names) == ("Booster", ("a", "b", "c"))


def test_thread_counts_are_no_state(tmp_path: Path) -> None:
    digests = []
    for threads in (1, 2):
        lightgbm_booster(num_threads=threads).save_model(tmp_path / "m.txt")
        digests.append(state_digest(state(loaded_file(tmp_path / "m.txt", "regression").state)))
    assert digests[0] == digests[1]
    lightgbm_booster(max_depth=1).save_model(tmp_path / "m.txt")
    other = loaded_file(tmp_path / "m.txt", "regression")
    assert state_digest(state(other.state)) != digests[0]
    assert np.isfinite(other.predict(ROWS).labels).all()  # type: ignore[arg-type]
