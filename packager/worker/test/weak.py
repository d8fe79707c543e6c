"""Finds weak slices of rows with losses: bins, search, lines to paste, examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.profile import FeatureProfile, Profile
from monitoring.slices.slices import SliceSet
from monitoring.stats.accuracy import MeanBaseline
from monitoring.stats.slice_features import SliceTerms
from monitoring.stats.slice_tests import Losses
from monitoring.stats.weak_slices import (
    MAX_FEATURES,
    FoundSlice,
    SearchOptions,
    SearchResult,
    find_weak_slices,
)
from packager.data.checks.cell_display import json_cell
from packager.manifest.manifest import Column
from packager.worker.test.weak_bins import term_features
from packager.worker.test.weak_slice import Against, WeakSlice, WeakSlices
from packager.worker.test.weak_terms import TermFeature

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MAX_EXAMPLES = 10
PREFIX = "weak: "
"""Of the name of a slice, so that it isn't that of a declared value, such as ``color=E``."""


@dataclass(frozen=True)
class WeakOptions:
    """``[test.weak]``, and the level."""

    features: int = 3
    """Most features of a slice; 0 searches none."""
    effect: float = 0.03
    """Least excess: of 0/1 losses in points; of others, relative to the mean loss."""
    against: Against = "confidence"
    """``confidence`` is ``rest`` where there are no expected losses, as in a regression."""
    level: float = 0.02
    baseline: MeanBaseline | None = None
    """Losses of the package's held-out rows, for ``against = "baseline"``."""


def weak_slices(
    frame: pd.DataFrame,
    losses: Losses,
    columns: Sequence[Column],
    profile: Profile | None,
    options: WeakOptions,
) -> WeakSlices:
    """The weak slices of rows.

    ``frame``: n rows of ``columns``, in the types of training; ``losses``: of these rows. Columns
    of the profile come first, in their order; then the others, in that of ``columns``. Columns of
    personal data are left out, of slices and of examples. Raise ``ValueError`` for
    ``against = "baseline"`` without a baseline.
    """
    indices = np.flatnonzero(np.isfinite(losses.loss))
    compared, against = _compared(losses.part(indices), options)
    rows = frame.iloc[indices]
    features, left_out = _features(rows, columns, profile)
    searched = features[:MAX_FEATURES]
    beyond = f"beyond the {MAX_FEATURES} most important features"
    left_out |= {feature.name: beyond for feature in features[MAX_FEATURES:]}
    effect = options.effect * _scale(compared)
    result = SearchResult((), 0)
    if options.features and searched and len(rows):
        search_options = SearchOptions(options.features, effect, options.level)
        result = find_weak_slices([one.searched for one in searched], compared, search_options)
    shown = [column.name for column in columns if not column.personal and column.name in frame]
    records = []
    for slice_ in result.slices:
        parts = [searched[at] for at in slice_.terms.features]
        condition = _condition(parts, slice_.terms)
        if problem := _problem(condition, slice_.mask, rows):
            left_out[condition] = problem
            continue
        examples = _examples(frame[shown], indices[slice_.mask], losses.loss)
        records.append(_record(slice_, parts, condition, examples))
    return WeakSlices(
        against=against,
        effect=effect,
        level=options.level,
        rows=len(rows),
        tried=result.tried,
        searched=tuple(one.name for one in searched),
        left_out=left_out,
        slices=tuple(records),
    )


def rule_line(condition: str) -> str:
    """The line for ``[slices.rules]``: ``"weak: carat >= 2" = "carat >= 2"``."""
    return f"{_toml(PREFIX + condition)} = {_toml(condition)}"


def _compared(losses: Losses, options: WeakOptions) -> tuple[Losses, Against]:
    """The losses with what they are compared with."""
    if options.against == "baseline":
        if options.baseline is None:
            raise ValueError("against = 'baseline': expected the baseline's losses, got none")
        usual = np.full(len(losses.loss), options.baseline.value)
        known = options.baseline
        return replace(losses, expected=usual, baseline=known, noise=None), "baseline"
    if options.against == "rest" or losses.expected is None:
        return replace(losses, expected=None, noise=None), "rest"
    return losses, "confidence"


def _scale(losses: Losses) -> float:
    """The unit of the effect: 1 for 0/1 losses, else the mean loss."""
    if losses.binary or not len(losses.loss):
        return 1.0
    return float(np.abs(losses.loss).mean())


def _condition(parts: Sequence[TermFeature], terms: SliceTerms) -> str:
    rules = zip(parts, terms.terms, terms.fitted, strict=True)
    return " and ".join(part.rule(term, span) for part, term, span in rules)


def _features(
    frame: pd.DataFrame, columns: Sequence[Column], profile: Profile | None
) -> tuple[list[TermFeature], dict[str, str]]:
    """Features in order of importance, the first of each column before the second of any."""
    profiled = {feature.name: feature for feature in profile.features} if profile else {}
    by_column: list[list[TermFeature]] = []
    left_out: dict[str, str] = {}
    for column in _by_importance(columns, profiled):
        if column.personal:
            left_out[column.name] = f"personal data ({column.personal}): its values are not shown"
        elif column.name not in frame:
            left_out[column.name] = "not in the data"
        else:
            features = term_features(frame[column.name], column.name, profiled)
            if features:
                by_column.append(features)
            else:
                left_out[column.name] = "one value, or none that rules can be about"
    ranks = range(max(map(len, by_column), default=0))
    return [own[rank] for rank in ranks for own in by_column if rank < len(own)], left_out


def _by_importance(
    columns: Sequence[Column], profiled: Mapping[str, FeatureProfile]
) -> list[Column]:
    first = list(dict.fromkeys(one.column for one in profiled.values()))
    index = {name: at for at, name in enumerate(first)}
    return sorted(columns, key=lambda column: index.get(column.name, len(index)))


def _problem(condition: str, mask: Mask, frame: pd.DataFrame) -> str:
    """Why a line would not name the rows of ``mask``; empty if it does."""
    try:
        own = SliceSet({}, {"own": condition}).masks(frame)["own"]
    except ValueError as error:
        return str(error)
    return "" if np.array_equal(own, mask) else "the rule holds for other rows"


def _record(
    slice_: FoundSlice,
    parts: Sequence[TermFeature],
    condition: str,
    examples: tuple[Mapping[str, Any], ...],
) -> WeakSlice:
    return WeakSlice(
        features=tuple(part.name for part in parts),
        condition=condition,
        rule=rule_line(condition),
        rows=slice_.rows,
        share=slice_.rows / len(slice_.mask),
        loss=slice_.loss,
        expected=slice_.expected,
        excess=slice_.excess,
        interval=slice_.interval,
        p=slice_.p,
        q=slice_.q,
        harmed=slice_.harmed,
        examples=examples,
    )


def _examples(
    frame: pd.DataFrame, rows: npt.NDArray[np.intp], loss: Floats
) -> tuple[Mapping[str, Any], ...]:
    """The ``rows`` with the largest losses, the first ones of equals."""
    worst = rows[np.argsort(-loss[rows], kind="stable")][:MAX_EXAMPLES]
    return tuple(
        {
            "row": int(row),
            "loss": float(loss[row]),
            "cells": {name: json_cell(frame[name].iloc[row]) for name in frame.columns},
        }
        for row in worst
    )


def _toml(text: str) -> str:
    """A TOML string: literal where it may be."""
    if text.isprintable() and "'" not in text:
        return f"'{text}'" if '"' in text else f'"{text}"' if "\\" not in text else f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
