"""Coverage of the intervals of agreement: how often they hold the true coefficient.

`.venv/bin/python benchmarks/agreement.py [REPEATS]`: three annotators who are right in 75 % of the
rows and guess one of three classes in the others; the true value is that of 200,000 rows.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from monitoring.stats.agreement import Agreement, cohen_kappa, krippendorff_alpha

ROWS = (30, 50, 100, 300)
SHARE_RIGHT = 0.75


def labels(rows: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Labels of three annotators: shape (rows, 3)."""
    truth = random.integers(0, 3, rows)
    guesses = random.integers(0, 3, (3, rows))
    return np.where(random.random((3, rows)) < SHARE_RIGHT, truth, guesses).T.astype(np.float64)


def coefficients(given: npt.NDArray[np.float64]) -> dict[str, Agreement]:
    """The coefficients that are checked."""
    return {
        "nominal alpha": krippendorff_alpha(given, "nominal"),
        "ordinal alpha": krippendorff_alpha(given, "ordinal"),
        "Cohen's kappa": cohen_kappa(given[:, 0], given[:, 1]),
    }


def main(repeats: int) -> None:
    """Print the coverage by coefficient and number of rows."""
    random = np.random.default_rng(0)
    true = {name: found.value for name, found in coefficients(labels(200_000, random)).items()}
    print(f"{repeats} repeats", *true, sep="\t")
    for rows in ROWS:
        held = dict.fromkeys(true, 0)
        for _ in range(repeats):
            for name, found in coefficients(labels(rows, random)).items():
                held[name] += found.low <= true[name] <= found.high
        print(f"{rows} rows", *(f"{count / repeats:.1%}" for count in held.values()), sep="\t")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
