"""Categories as bins, for the search for weak slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitoring.profile.profile import FeatureProfile
from monitoring.stats.feature_bins import MAX_BINS, categorical_feature
from packager.worker.test.weak_terms import Constant, TermFeature, value_terms, with_missing


def categories(
    name: str,
    own: str,
    plain: Sequence[Any],
    known: FeatureProfile | None,
    most: int = MAX_BINS,
) -> TermFeature | None:
    """Bins of equal values, the frequent ones; and of the others, and of null."""
    present: dict[str, list[Constant]] = {}
    for value in dict.fromkeys(one for one in plain if one is not None):
        if not isinstance(value, bool | int | float | str):
            return None
        present.setdefault(str(value), []).append(value)
    if known is None or known.kind != "categorical":
        texts = pd.Series([None if one is None else str(one) for one in plain], dtype=object)
        known = categorical_feature(name, texts, most)
    if known is None:
        frequent = tuple(present)[:1]
    else:
        frequent = tuple(text for text in known.categories if text in present)
    if not frequent:
        return None
    values = [present[text] for text in frequent]
    rest = len(present) > len(frequent)
    lookup: dict[Any, int] = {None: len(values) + rest}
    for text, group in present.items():
        index = frequent.index(text) if text in frequent else len(values)
        lookup |= {(type(value), value): index for value in group}
    codes = np.array([lookup[None if one is None else (type(one), one)] for one in plain], np.int64)
    return with_missing(name, own, codes, len(values) + rest, value_terms(own, values, rest))
