"""The reference of a model's structured answers: bins of what is watched of each output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from monitoring.derived.arrays import ArrayCells
from monitoring.derived.measures import cells_of
from monitoring.profile.answers import (
    MAX_ANSWER_FEATURES,
    AnswerColumn,
    answer_columns,
    values_of,
)
from monitoring.profile.profile import FeatureProfile
from monitoring.scoring.outputs import LabelledOutput
from monitoring.stats.binning import build_profile
from monitoring.stats.derived_bins import nearest_feature
from monitoring.stats.feature_bins import MAX_BINS


def answer_features(
    answers: Sequence[Any], outputs: Sequence[LabelledOutput]
) -> tuple[FeatureProfile, ...]:
    """The pseudo-features ``__prediction__.OUTPUT`` of ``answers`` to held-out rows.

    At most ``MAX_ANSWER_FEATURES``, in the order of the outputs; those left out, or with all rows
    in one bin, are named on stderr.
    """
    columns = answer_columns(outputs)
    features: list[FeatureProfile] = []
    left_out: list[str] = []
    for column, each in zip(columns, values_of(columns, outputs, answers), strict=True):
        feature = _feature(column, each) if len(features) < MAX_ANSWER_FEATURES else None
        if feature is None:
            left_out.append(column.name)
        else:
            features.append(feature)
    if left_out:
        sys.stderr.write(
            f"monitoring: of the answers, no drift of {', '.join(left_out)}: "
            f"in one bin, or beyond the limit of {MAX_ANSWER_FEATURES}\n"
        )
    return tuple(features)


def _feature(column: AnswerColumn, values: Sequence[Any]) -> FeatureProfile | None:
    """The bins of one column; None if all its values are in one."""
    if column.measure is not None:
        cells = cells_of(values)
        name = column.name.removesuffix(f".{column.measure}")
        return nearest_feature(name, cells, MAX_BINS) if isinstance(cells, ArrayCells) else None
    series = pd.Series(values, dtype=object if column.categorical else float)
    # Few distinct values whatever their kind: a profile bins those of a boolean as they are.
    kind = "boolean" if column.categorical else "number"
    frame = pd.DataFrame({column.name: series})
    return next(iter(build_profile(frame, [(column.name, kind)]).features), None)
