"""Estimates one label for each row from those of several annotators, as a derived table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.stats.annotators import MIN_ANNOTATORS, TrueClasses, dawid_skene
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.labelling.label_step import LabelStep
from packager.labelling.overview import only_probability
from packager.labelling.scheme_file import make_scheme
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.store import SCHEMA, Labels

STEP = "labels estimate"
ANNOTATOR = "dawid-skene"
"""The annotator of the estimated labels."""
MIN_ROWS = 30
"""Rows with labels of two annotators or more: fewer say too little about the annotators."""


@dataclass(frozen=True)
class EstimatedClasses:
    """The true classes of rows, and what the codes of the arrays stand for."""

    keys: tuple[str, ...]
    annotators: tuple[str, ...]
    classes: tuple[str, ...]
    true_classes: TrueClasses


def estimate_of(labels: pd.DataFrame, scheme: LabelScheme) -> EstimatedClasses:
    """The estimate by Dawid and Skene from ``labels``: columns key, annotator and label.

    Classes that nobody gave have no part in it. Raises ``ValueError`` if the labels can't tell.
    """
    if scheme.kind != "label":
        raise ValueError(f"expected a scheme of kind label, got {scheme.kind}")
    rows, keys = pd.factorize(labels["key"], sort=True)
    people, annotators = pd.factorize(labels["annotator"], sort=True)
    used = {*labels["label"]}
    classes = tuple(text for text in scheme.texts or sorted(used) if text in used)
    if len(annotators) < MIN_ANNOTATORS:
        raise ValueError(f"expected {MIN_ANNOTATORS} annotators or more, got {len(annotators)}")
    compared = int((np.bincount(rows) >= 2).sum())
    if compared < MIN_ROWS:
        raise ValueError(
            f"expected {MIN_ROWS} rows or more with labels of two annotators, got {compared}"
        )
    if len(classes) < 2:
        raise ValueError("expected labels of two classes or more, got one")
    codes = labels["label"].map({text: code for code, text in enumerate(classes)})
    estimate = dawid_skene(rows, people, codes.to_numpy(np.intp))
    return EstimatedClasses(tuple(map(str, keys)), tuple(map(str, annotators)), classes, estimate)


@dataclass(frozen=True)
class EstimateStep(LabelStep):
    """One estimated label for each labelled row."""

    scheme: str

    @property
    def made(self) -> str:
        """Name of the new scheme."""
        return self.scheme

    @property
    def text(self) -> str:
        """Name of the step in the lineage."""
        return STEP

    def digest(self, directory: Path) -> str:
        """sha256 of the step: nothing but the labels decides."""
        del directory
        return sha256_bytes(canonical_json([STEP, 1]))

    def labels_of(self, held: Labels, scheme: LabelScheme) -> Labels:
        """The most probable label of each row; ``UsageError`` if the labels can't tell."""
        scheme_labels = held.of(scheme.name)
        try:
            estimate = estimate_of(scheme_labels, scheme)
        except ValueError as error:
            raise UsageError(
                f"--from {scheme.name}: {error}",
                "add labels of more annotators, or train on the scheme as it is: a majority "
                "resolves its labels",
            ) from error
        posterior = estimate.true_classes.posterior
        probabilities = only_probability(scheme_labels).reindex(list(estimate.keys))
        frame = pd.DataFrame(
            {
                "key": estimate.keys,
                "scheme": self.made,
                "annotator": ANNOTATOR,
                "label": [estimate.classes[code] for code in posterior.argmax(axis=1)],
                "selection_probability": probabilities.to_numpy(np.float64),
                "probability": posterior.max(axis=1),
                "labelled_at": pd.NaT,
                "source": None,
            },
            columns=SCHEMA.names,
        )
        resolved = scheme.model_copy(update={"name": self.made, "resolve": "majority"})
        return Labels(frame, held.key, (resolved,))


def estimate_step(parent: Location, source: str, target: str) -> EstimateStep:
    """The step that estimates the labels of scheme ``source`` as scheme ``target``."""
    return EstimateStep(parent, source, make_scheme(target, {}, "--to").name)
