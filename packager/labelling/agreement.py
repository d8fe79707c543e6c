"""Agreement of the annotators of a scheme, as a report."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd

from monitoring.stats.agreement import (
    MIN_ROWS,
    Agreement,
    AgreementLevel,
    Floats,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)
from packager.labelling.estimate import estimate_of
from packager.manifest.base import FrozenModel
from packager.manifest.label_schemes import LabelScheme

CERTAIN = 0.9
MAX_PAIRS = 50
"""Pairs of annotators with the most rows in common; further ones are only counted."""


class Coefficient(FrozenModel):
    """A coefficient of agreement with its 95 % interval."""

    value: float | None
    """None if it is not defined; ``note`` says why."""
    low: float | None
    high: float | None
    rows: int
    """Rows that were compared."""
    note: str = ""
    """Why a number is absent; empty if none is."""


class PairAgreement(FrozenModel):
    """Two annotators, on the rows that both labelled."""

    one: str
    other: str
    same: float
    """Share of these rows with equal labels."""
    kappa: Coefficient


class AnnotatorErrors(FrozenModel):
    """Accuracy of one annotator, as estimated by Dawid and Skene."""

    name: str
    labels: int
    accuracy: float
    """The probability of the right label for a random row."""
    confusion: tuple[tuple[float, ...], ...]
    """The probability of each label, for each true class."""


class EstimatedErrors(FrozenModel):
    """Dawid and Skene's estimate of the true classes and of each annotator's mistakes."""

    classes: tuple[str, ...]
    """The classes that any annotator gave, in their order."""
    shares: tuple[float, ...]
    """The share of rows of each class."""
    annotators: tuple[AnnotatorErrors, ...]
    uncertain: int
    """Rows whose most probable class has a probability below ``CERTAIN``."""
    converged: bool


class AgreementReport(FrozenModel):
    """Agreement of the annotators of one scheme."""

    scheme: str
    level: AgreementLevel
    """Level of measurement: labels are compared as classes, as ordered classes, or as numbers."""
    annotators: tuple[str, ...]
    labels: int
    rows: int
    """Rows with a label."""
    rows_compared: int
    """Rows with labels of two annotators or more."""
    disputed: int
    """Rows whose labels are not all equal."""
    alpha: Coefficient
    """Krippendorff's alpha."""
    fleiss: Coefficient | None
    """Fleiss' kappa; None for numbers, and if rows have different numbers of labels."""
    pairs: tuple[PairAgreement, ...]
    """Cohen's kappa; none for numbers. At most ``MAX_PAIRS``, those with the most rows."""
    pairs_left_out: int
    errors: EstimatedErrors | None
    """None if the labels can't tell; ``no_errors`` says why."""
    no_errors: str = ""


def agreement_report(labels: pd.DataFrame, scheme: LabelScheme) -> AgreementReport:
    """The agreement of ``labels``: those of the scheme, with columns key, annotator and label."""
    rows, keys = pd.factorize(labels["key"], sort=True)
    people, annotators = pd.factorize(labels["annotator"], sort=True)
    values = _values(labels["label"], scheme)
    label_counts = np.bincount(rows, minlength=len(keys))
    level: AgreementLevel = (
        "interval" if scheme.kind == "number" else "ordinal" if scheme.ordered else "nominal"
    )
    packed = _packed(rows, values, label_counts)
    highest, lowest = (
        reduce(packed, axis=1) if len(packed) else np.zeros(0) for reduce in (np.nanmax, np.nanmin)
    )
    compared = int((label_counts >= 2).sum())
    pairs, left_out = _pairs(rows, people, values, [str(name) for name in annotators])
    by_class = scheme.kind == "label"
    errors, no_errors = _errors(labels, scheme)
    evenly = len(label_counts) > 0 and int(label_counts.min()) == int(label_counts.max()) >= 2
    return AgreementReport(
        scheme=scheme.name,
        level=level,
        annotators=tuple(map(str, annotators)),
        labels=len(labels),
        rows=len(keys),
        rows_compared=compared,
        disputed=int((highest != lowest).sum()),
        alpha=_coefficient(krippendorff_alpha(packed, level)),
        fleiss=_coefficient(fleiss_kappa(packed)) if by_class and evenly else None,
        pairs=tuple(pairs) if by_class else (),
        pairs_left_out=left_out if by_class else 0,
        errors=errors,
        no_errors=no_errors,
    )


def _errors(labels: pd.DataFrame, scheme: LabelScheme) -> tuple[EstimatedErrors | None, str]:
    try:
        known = estimate_of(labels, scheme)
    except ValueError as error:
        return None, str(error)
    label_counts = labels["annotator"].value_counts()
    rights = zip(
        known.annotators, known.true_classes.accuracy, known.true_classes.confusion, strict=True
    )
    return EstimatedErrors(
        classes=known.classes,
        shares=tuple(known.true_classes.prior.tolist()),
        annotators=tuple(
            AnnotatorErrors(
                name=name, labels=int(label_counts[name]), accuracy=right, confusion=wrong.tolist()
            )
            for name, right, wrong in rights
        ),
        uncertain=int((known.true_classes.posterior.max(axis=1) < CERTAIN).sum()),
        converged=known.true_classes.converged,
    ), ""


def _values(labels: pd.Series[str], scheme: LabelScheme) -> Floats:
    """Numbers, or codes of the classes in their order."""
    if scheme.kind == "number":
        return np.asarray(labels, dtype=np.float64)
    known = scheme.texts or tuple(sorted({*labels}))
    codes = {text: float(code) for code, text in enumerate(known)}
    return np.asarray(labels.map(codes), dtype=np.float64)


def _packed(rows: np.ndarray, values: Floats, counts: np.ndarray) -> Floats:
    """The labels of each row side by side, whoever gave them: shape (rows, most labels)."""
    order = np.argsort(rows, kind="stable")
    index = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    packed = np.full((len(counts), int(counts.max(initial=1))), np.nan)
    packed[rows[order], index] = values[order]
    return packed


def _pairs(
    rows: np.ndarray, people: np.ndarray, values: Floats, names: list[str]
) -> tuple[list[PairAgreement], int]:
    own = [
        pd.Series(values[people == code], index=rows[people == code]) for code in range(len(names))
    ]
    shared = [
        (len(own[i].index.intersection(own[j].index)), i, j)
        for i, j in combinations(range(len(names)), 2)
    ]
    shared = sorted((one for one in shared if one[0]), key=lambda one: (-one[0], one[1:]))
    return [_pair(own, names, i, j) for _, i, j in shared[:MAX_PAIRS]], max(
        0, len(shared) - MAX_PAIRS
    )


def _pair(own: list[pd.Series[float]], names: list[str], i: int, j: int) -> PairAgreement:
    both = pd.concat([own[i], own[j]], axis=1, join="inner").to_numpy(dtype=np.float64)
    kappa = cohen_kappa(both[:, 0], both[:, 1])
    return PairAgreement(
        one=names[i],
        other=names[j],
        same=float((both[:, 0] == both[:, 1]).mean()),
        kappa=_coefficient(kappa),
    )


def _coefficient(agreement: Agreement) -> Coefficient:
    value, low, high = _finite([agreement.value, agreement.low, agreement.high])
    return Coefficient(value=value, low=low, high=high, rows=agreement.rows, note=_note(agreement))


def _finite(values: Iterable[float]) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


def _note(agreement: Agreement) -> str:
    if not agreement.rows:
        return "no row has labels of two annotators"
    if math.isnan(agreement.value):
        return "not defined: all compared labels are equal, so chance would agree always"
    if agreement.rows < MIN_ROWS:
        return f"{agreement.rows} rows are too few for an interval: {MIN_ROWS} are needed"
    if math.isnan(agreement.low):
        return "no compared row is disputed, so no interval is known"
    return ""
