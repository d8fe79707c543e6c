"""Dawid and Skene's estimate against crowd-kit's, and against the majority.

In an environment of its own, because crowd-kit brings transformers:
`python -m venv DIR && DIR/bin/pip install crowd-kit`, then
`PYTHONPATH=. DIR/bin/python benchmarks/annotators.py [--worlds 20]`. In each world 3 to 9
annotators with random confusion matrices of 2 to 5 classes label 50 to 1,500 rows, each row by 1 to
all of them. Exits 1 if a posterior differs from crowd-kit's by more than 1e-5 after as many
iterations.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

from monitoring.stats.annotators import dawid_skene


def main() -> int:
    """Print a line for each world; return 1 if a posterior differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    asked = parser.parse_args()
    print("| rows | annotators | classes | iterations | differs by | right | majority |")
    print("|---|---|---|---|---|---|---|")
    worst, rights, majorities = 0.0, [], []
    for seed in range(asked.worlds):
        truth, frame, shape = world(seed)
        ours = dawid_skene(*(frame[name].to_numpy() for name in ("task", "worker", "label")))
        kit = DawidSkene(n_iter=max(60, ours.iterations), tol=-1.0).fit(frame)
        theirs = kit.probas_.reindex(index=range(shape[0]), columns=range(shape[2])).fillna(0)
        differs = float(np.abs(ours.posterior - theirs.to_numpy()).max())
        votes = pd.crosstab(frame["task"], frame["label"]).to_numpy()
        rights.append((ours.posterior.argmax(axis=1) == truth).mean())
        majorities.append((votes.argmax(axis=1) == truth).mean())
        cells = f"{ours.iterations} | {differs:.1e} | {rights[-1]:.3f} | {majorities[-1]:.3f}"
        print(f"| {' | '.join(map(str, shape))} | {cells} |", flush=True)
        worst = max(worst, differs)
    print(f"\nright on average: {np.mean(rights):.3f}, majority {np.mean(majorities):.3f}")
    return int(worst > 1e-5)


def world(seed: int) -> tuple[np.ndarray, pd.DataFrame, tuple[int, int, int]]:
    """The true classes, labels by task, worker and label, and rows, annotators, classes."""
    draw = np.random.default_rng(seed)
    rows, people, classes = (int(draw.integers(*span)) for span in ((50, 1501), (3, 10), (2, 6)))
    truth = draw.choice(classes, rows, p=draw.dirichlet(np.full(classes, 3.0)))
    likely = np.where(np.eye(classes, dtype=bool), 8.0, 1.0)
    confusion = [[draw.dirichlet(row) for row in likely] for _ in range(people)]
    given = [
        (row, person, draw.choice(classes, p=confusion[person][truth[row]]))
        for row in range(rows)
        for person in draw.choice(people, int(draw.integers(1, people + 1)), replace=False)
    ]
    frame = pd.DataFrame(given, columns=["task", "worker", "label"])
    return truth, frame, (rows, people, classes)


if __name__ == "__main__":
    sys.exit(main())
