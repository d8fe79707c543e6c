"""The families that compare answers with right answers: quality, calibration, fairness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.manifest.manifest import Manifest
from packager.manifest.policy import Family
from packager.worker.test.baseline import Baseline
from packager.worker.test.calibration import calibration
from packager.worker.test.fairness import fairness
from packager.worker.test.judged_rows import JudgedData
from packager.worker.test.quality import quality
from packager.worker.test.verdict import FamilyResult
from packager.worker.test.weighted_rows import WeightedRows

Mask = npt.NDArray[np.bool_]


def labelled_families(
    judged: JudgedData,
    masks: Mapping[str, Mask],
    groups: pd.DataFrame,
    baseline: Baseline,
    manifest: Manifest,
) -> dict[Family, FamilyResult]:
    """The results of each family on the rows of ``judged``.

    ``masks``: declared slice → mask, shape (n,); ``groups``: the columns of ``[test.fairness]``,
    n rows.
    """
    policy = manifest.test
    by_family: dict[Family, FamilyResult] = {
        "quality": quality(judged, masks, baseline, manifest, policy)
    }
    if isinstance(judged, WeightedRows):
        # Bins and groups of weighted rows have no counts.
        unequal = FamilyResult(
            not_judged="the labelled rows were chosen with different probabilities"
        )
        by_family |= {"calibration": unequal, "fairness": unequal}
    else:
        by_family["calibration"] = calibration(judged, baseline, policy.calibration)
        by_family["fairness"] = fairness(judged, groups, baseline, policy.fairness)
    return by_family
