"""The reference of a model's structured answers: bins of what is watched of each output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from monitoring.profile.answers import MAX_ANSWER_FEATURES, answer_columns, values_of
from monitoring.profile.profile import FeatureProfile
from monitoring.scoring.outputs import LabelledOutput
from monitoring.stats.binning import build_profile


def answer_features(
    answers: Sequence[Any], outputs: Sequence[LabelledOutput]
) -> tuple[FeatureProfile, ...]:
    """The pseudo-features ``__prediction__.OUTPUT`` of ``answers`` to held-out rows.

    At most ``MAX_ANSWER_FEATURES``, in the order of the outputs; those left out, or with all rows
    in one bin, are named on stderr.
    """
    columns = answer_columns(outputs)
    values = values_of(columns, outputs, answers)
    frame = pd.DataFrame(
        {
            column.name: pd.Series(each, dtype=object if column.categorical else float)
            for column, each in zip(columns, values, strict=True)
        }
    )
    # Few distinct values whatever their kind: a profile bins those of a boolean as they are.
    kinds = [(one.name, "boolean" if one.categorical else "number") for one in columns]
    found = build_profile(frame, kinds, MAX_ANSWER_FEATURES)
    if found.left_out:
        sys.stderr.write(
            f"monitoring: of the answers, no drift of {', '.join(found.left_out)}: "
            f"in one bin, or beyond the limit of {MAX_ANSWER_FEATURES}\n"
        )
    return found.features
