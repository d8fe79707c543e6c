"""Which families compare labelled rows."""

from __future__ import annotations

import numpy as np
from judged_samples import answered, manifest, masks

from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.fairness import fairness_baseline, group_values
from packager.worker.test.judged_rows import baseline_of
from packager.worker.test.labelled_families import labelled_families
from packager.worker.test.weighted_rows import WeightedRows

ABOUT = manifest(fairness={"columns": ["sex"]})


def test_three_families_judge_labelled_rows() -> None:
    frame, judged = answered(2_000, 0)
    baseline = baseline_of(judged, masks(frame))
    values = group_values(frame, ABOUT.test.fairness)
    grouped = fairness_baseline(judged, frame, values, ABOUT.test.fairness)
    baseline = baseline.model_copy(update={"answers": class_baseline(judged), "fairness": grouped})
    found = labelled_families(judged, masks(frame), frame, baseline, ABOUT)
    assert {name: bool(one.checks) for name, one in found.items()} == {
        "quality": True,
        "calibration": True,
        "fairness": True,
    }
    plain = manifest()
    undeclared = labelled_families(judged, masks(frame), frame, baseline, plain)["fairness"]
    assert undeclared.not_judged == "[test.fairness] columns names no groups"

    weighted = WeightedRows(**vars(answered(2_000, 0)[1]), weights=np.ones(2_000))
    chosen = labelled_families(weighted, masks(frame), frame, baseline, ABOUT)
    assert chosen["quality"].checks
    assert "confusion" not in chosen["quality"].details
    for name in ("calibration", "fairness"):
        why = "the labelled rows were chosen with different probabilities"
        assert chosen[name].not_judged == why
