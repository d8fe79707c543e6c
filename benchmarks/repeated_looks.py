"""False alarms of ``package drift`` where people look at growing counters again and again.

    python benchmarks/repeated_looks.py [RUNS]

A model whose quality did not change, in eight slices; each run draws the held-out rows anew. Labels
come until there are 20,000; ``package drift`` is asked 40 times. A run is a false alarm if any of
the looks calls any slice worse. Compared: the verdict, the rule of the alert at each look, and a
test at 5 % of each slice. The second table is the look at which a real fall is called.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.stats.accuracy import MIN_SLICE_Z
from packager.replicas.counters import CounterTotals, Values
from packager.replicas.slices import slice_drifts

Floats = npt.NDArray[np.float64]
LOOKS = np.linspace(500, 20_000, 40).astype(int)
SHARES = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.06, 0.05, 0.04])
HELD_OUT = 4_000
ACCURACY = 0.85
FIXED_Z = 1.645


def looks(kind: str, worse: float, draw: np.random.Generator) -> list[tuple[bool, bool, bool]]:
    """Of each look: whether a slice is called by the verdict, the alert's rule, and a test at 5 %.

    ``worse``: by how much accuracy falls (of errors: by which share they grow) in the first slice.
    """
    before, _ = _losses(kind, HELD_OUT, 0.0, draw)
    parts = draw.choice(len(SHARES), HELD_OUT, p=SHARES)
    live, where = _losses(kind, int(LOOKS[-1]), worse, draw)
    found = []
    for rows in LOOKS:
        counters: dict[str, dict[tuple[str, ...], float]] = {}
        for place in range(len(SHARES)):
            own = live[:rows][where[:rows] == place]
            _count(counters, kind, f"s{place}", own, before[parts == place])
        values: Values = counters
        judged = slice_drifts(CounterTotals("m", "1", "", values), 1.0)
        window = slice_drifts(CounterTotals("m", "1", "", values, cumulative=False), 1.0)
        z = [(one.z if kind == "errors" else -one.z) for one in judged]
        found.append(
            (
                any(one.regressed for one in judged),
                any(one.regressed for one in window),
                max(z) > FIXED_Z,
            )
        )
    return found


def _losses(
    kind: str, rows: int, worse: float, draw: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """A loss of each row, and its slice."""
    where = draw.choice(len(SHARES), rows, p=SHARES)
    if kind == "errors":
        return draw.gamma(1.0, np.where(where == 0, 1 + worse, 1.0)), where
    wrong = 1 - ACCURACY + np.where(where == 0, worse, 0.0)
    return (draw.random(rows) < wrong).astype(float), where


def _count(
    counters: dict[str, dict[tuple[str, ...], float]],
    kind: str,
    name: str,
    live: Floats,
    before: Floats,
) -> None:
    def put(metric: str, labels: tuple[str, ...], value: Any) -> None:
        counters.setdefault(metric, {})[labels] = float(value)

    put("model_slice_predictions_total", (name,), len(live))
    put("model_slice_baseline_effective_rows", (name,), len(before))
    if kind == "errors":
        put("model_feedback_total", (name, "scored"), len(live))
        put("model_feedback_absolute_error_total", (name,), live.sum())
        put("model_feedback_squared_error_total", (name,), (live**2).sum())
        put("model_slice_baseline_mae", (name,), before.mean())
        put("model_slice_baseline_error_variance", (name,), before.var())
    else:
        put("model_feedback_total", (name, "correct"), (1 - live).sum())
        put("model_feedback_total", (name, "incorrect"), live.sum())
        put("model_slice_baseline_accuracy_ratio", (name,), 1 - before.mean())


def main(runs: int) -> None:
    """Print both tables."""
    print(f"false alarms in {runs} runs of {len(LOOKS)} looks, {len(SHARES)} slices")
    print(f"{'':>9} verdict  rule (z > {MIN_SLICE_Z})  each slice at 5 %")
    for kind in ("accuracy", "errors"):
        draw = np.random.default_rng(0)
        seen = np.array([np.array(looks(kind, 0.0, draw)).any(axis=0) for _ in range(runs)])
        verdict, rule, fixed = seen.mean(axis=0)
        print(f"{kind:>9} {verdict:7.1%} {rule:14.1%} {fixed:18.1%}")
    print("a slice of 30 % of the rows: median labels in it until it is called")
    for kind, falls in (("accuracy", (0.05, 0.1)), ("errors", (0.2, 0.4))):
        for worse in falls:
            draw = np.random.default_rng(1)
            first = [_first(looks(kind, worse, draw)) for _ in range(max(10, runs // 10))]
            labels = np.median(np.array(first), axis=0) * SHARES[0]
            print(f"{kind:>9} {worse:+.2f}: verdict {labels[0]:,.0f}, rule {labels[1]:,.0f}")


def _first(seen: list[tuple[bool, bool, bool]]) -> list[float]:
    called = np.array(seen)
    return [
        float(LOOKS[called[:, kind].argmax()]) if called[:, kind].any() else np.inf
        for kind in (0, 1)
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
