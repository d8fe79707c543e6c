"""The design effect of the quality on held-out rows, by which monitoring divides labels."""

from __future__ import annotations

import math
from dataclasses import replace

from monitoring.scoring.outputs import HEADLINES, headline_of
from packager.worker.test.judged_rows import JudgedData


def headline_effect(judged: JudgedData) -> float:
    """The largest design effect of accuracy, mean error or the outputs' headlines; at least 1."""
    if judged.groups is None:
        return 1.0
    grouped, simple = judged.estimates(), replace(judged, groups=None).estimates()
    headlines = {*HEADLINES.values(), *map(headline_of, getattr(judged, "forms", ()))}
    effects = [
        one.variance / simple[name].variance
        for name, one in grouped.items()
        if name.rpartition(".")[2] in headlines and simple[name].variance > 0
    ]
    return max([1.0, *(effect for effect in effects if math.isfinite(effect))])
