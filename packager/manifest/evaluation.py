"""Measurements of a build: metrics, numerical environment, repeatability and seed variance."""

from __future__ import annotations

from typing import Any, Literal

from packager.manifest.base import EquivalenceLevel, FrozenModel


class MetricValues(FrozenModel):
    """Metrics on a set of held-out rows."""

    rows: int
    values: dict[str, float]
    intervals: dict[str, tuple[float, float]] = {}
    """Metric to its 95 % interval (low, high); formulas: ``worker/train/intervals.py``."""
    baseline: dict[str, float] = {}
    """The same metrics of a constant prediction: the training rows' majority class, or mean."""
    parts: tuple[str, ...] = ()
    """The metrics of one label, level, step or element, beside a metric of all."""


class Evaluation(FrozenModel):
    """Metrics on the held-out rows, overall and for each slice that has any."""

    overall: MetricValues
    slices: dict[str, MetricValues]


class NumericalEnvironment(FrozenModel):
    """The environment of a training: everything that can change the last bits of a result."""

    python: str
    machine: str
    cpu: str
    cpu_features: tuple[str, ...]
    blas: tuple[str, ...]
    """``name version architecture threads`` of each native thread pool, sorted."""
    threads: int
    isolation: Literal["container", "process"]
    libc: str = ""
    hash_seed: str = ""
    locale: str = ""
    timezone: str = ""
    variables: tuple[str, ...] = ()
    """``NAME=value`` of variables that select kernels, except those set for every training."""


class RepeatabilityResult(FrozenModel):
    """Result of the build's second run of the recipe, in a fresh process."""

    level: EquivalenceLevel
    """The equivalence level that the second model reached."""
    state: str | None
    """Digest of the model's state (``worker/replay/state.py``); None if it can't be read."""
    differing: tuple[str, ...] = ()
    """Parts of the model that differ, and how."""
    rows: int = 0
    """Held-out rows that both models predicted."""
    bit_equal: bool = True
    label_flips: int | None = None
    largest_difference: float | None = None
    nondeterminism: tuple[str, ...] = ()
    """Sources of nondeterminism in the project's code: ``train.py:3: …``."""


class SeedVariance(FrozenModel):
    """Variation of metrics with the seed alone: one training per seed, same data and split."""

    seeds: tuple[int, ...]
    overall: dict[str, tuple[float, ...]]
    """Metric to one value per seed."""
    slices: dict[str, dict[str, tuple[float, ...]]]


class Golden(FrozenModel):
    """Synthetic rows and the predictions of the freshly trained model."""

    rows: tuple[dict[str, Any], ...]
    expected: tuple[dict[str, Any], ...]


class Compilation(FrozenModel):
    """The build's verdict on the compiled form, which computes equal answers faster."""

    verdict: Literal["equal", "refused", "off"]
    """``equal``: served on ``domain``; ``refused``: the native model answers every row."""
    strategy: str = ""
    """Parts of the computation, for example ``encoders + treelite``."""
    reason: str = ""
    """Why it was refused; empty otherwise."""
    domain: tuple[str, ...] = ()
    """Readable conditions on a row; the native model answers rows that don't meet them."""
    held_out_rows: int = 0
    edge_rows: int = 0
    """Numbers of held-out rows and edge rows on which both forms were compared."""
    tolerance: float = 0.0
    largest_difference: float = 0.0
    """Of probabilities or predicted numbers; relative for regression values above 1."""
    differing: tuple[str, ...] = ()
    """Rows on which the forms disagreed, at most 10: hashes of held-out rows, or edge rows."""


class DataCheckSummary(FrozenModel):
    """Findings of the data check that need no training, hence equal on every machine."""

    digest: str
    """sha256 over the worst findings of each detector."""
    counts: dict[str, int]
    allowed: bool = False
    """Whether findings that stop a build were ignored."""
