"""Tests drift on a real stream with a known change: the S&P 500 into the crisis of 2007 to 2009.

`pip install --no-deps --target DIR arch` (its wheel holds the quotes), then
`.venv/bin/python benchmarks/monitoring_stream.py DIR`. Two features of each trading day, its return
and its range in per cent, are profiled on two calm years as in a package. Drift must not be
reported in the next two calm years, and must be reported in the two crisis years. Else exits 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.profile.profile import Profile
from monitoring.stats.binning import build_profile
from monitoring.stats.drift import Drift, measure_drift

TRAINED = slice("2003-07", "2005-06")
STREAMS = {
    "calm, July 2005 to June 2007": (slice("2005-07", "2007-06"), False),
    "crisis, July 2007 to June 2009": (slice("2007-07", "2009-06"), True),
}


def main(folder: Path) -> int:
    """Print a table; return 1 if a verdict is not as expected."""
    days = read(folder)
    profile = build_profile(days.loc[TRAINED], [("return", "number"), ("range", "number")])
    print(f"profiled on {profile.rows} trading days, July 2003 to June 2005\n")
    print("| stream | feature | days | PSI | z | verdict |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for name, (period, expected) in STREAMS.items():
        for feature, found in measured(profile, days.loc[period]).items():
            verdict = "drift" if found.drifting else "no drift"
            print(
                f"| {name} | {feature} | {found.rows:.0f} | {found.psi:.3f} | {found.z:.1f}"
                f" | {verdict} |"
            )
            wrong += found.drifting is not expected
    return int(wrong > 0)


def read(folder: Path) -> pd.DataFrame:
    """Return and range of each trading day, in per cent."""
    quotes = pd.read_csv(folder / "arch/data/sp500/sp500.csv.gz", parse_dates=[0], index_col=0)
    change = 100 * quotes["Adj Close"].pct_change()
    spread = 100 * (quotes["High"] / quotes["Low"] - 1)
    return pd.DataFrame({"return": change, "range": spread}).dropna()


def measured(profile: Profile, live: pd.DataFrame) -> dict[str, Drift]:
    """Drift of each feature of ``live`` from the profile."""
    found = {}
    for feature in profile.features:
        if feature.name in live:
            counts = np.bincount(
                feature.bin_indices(live[feature.name]), minlength=len(feature.bins)
            )
            found[feature.name] = measure_drift(counts.tolist(), feature.counts)
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
