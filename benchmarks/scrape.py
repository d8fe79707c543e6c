"""Measures the series of a replica and the cost of a scrape, for three packages of 200 features.

    python benchmarks/scrape.py [--workers 2 4] [--scrapes 50] [--keep DIR]

Builds packages of 100 numbers and 100 texts: two classes and 24 slices, twenty classes and 24
slices, a regression with 24 slices. Each is served with the given numbers of workers, and gets
predictions with anomalies over every protocol, and valid and invalid labels, so that every possible
series exists. Then ``/metrics`` is scraped, after a prediction each time so that counters change.
Prints the number of series, of the model's own series, and milliseconds and CPU of a scrape; exits
1 beyond 900 series or 25 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.error
from pathlib import Path
from typing import Any

from synthetic_package import RunningServer, SyntheticData, build, mixed, server

from packager.client.exposition import read_samples

MAX_SERIES = 900
MAX_SECONDS = 0.025
ROWS = 4_000
SETTLED = 0.5


def main() -> int:
    """Build, drive, scrape and print; return 1 if a bound is exceeded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--scrapes", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="a folder for the packages, used again")
    chosen = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.keep or Path(name)
        folder.mkdir(exist_ok=True)
        images = {made.name: (made, built(made, folder)) for made in packages()}
        print(
            "package      workers   series   of the model   kB   scrape ms, median (p95)   CPU ms"
        )
        for made, image in images.values():
            for workers in chosen.workers:
                with server(image, folder, MODEL_WORKERS=str(workers)) as one:
                    drive(one, made, workers)
                    failed |= measure(one, made, workers, chosen.scrapes)
    return int(failed)


def packages() -> list[SyntheticData]:
    """Two classes, twenty classes, and a regression, with the maximal number of slices."""
    # 11 values and `other` per column, minus one for a rule: 23 slices and `__all__`.
    columns, rules = ("text_6", "text_7"), (("large", "number_1 >= 2"), ("high", "number_2 > 3"))
    return [
        SyntheticData("binary", "classification", mixed(ROWS, 100, 100, 2), columns, rules),
        SyntheticData("twenty", "classification", mixed(ROWS, 100, 100, 20), columns, rules),
        SyntheticData("number", "regression", mixed(ROWS, 100, 100, 0), columns, rules),
    ]


def built(made: SyntheticData, folder: Path) -> Path:
    image = folder / f"{made.name}-image"
    return image if image.exists() else build(made, folder)


def drive(one: RunningServer, made: SyntheticData, workers: int) -> None:
    """Send predictions of all kinds and labels, until every worker has received some."""
    rows = made.rows(40 * 20)
    odd = {**rows[0], "number_1": 1e9, "number_2": -1e9, "text_0": "unheard of", "text_1": None}
    for place in range(max(20, 8 * workers)):
        some = [*rows[40 * (place % 20) : 40 * (place % 20) + 40], odd]
        answers = one.post("/predict", {"rows": some})["predictions"]
        labels = [{"token": a["token"], "actual": a["prediction"]} for a in answers]
        one.post("/feedback", [*labels, *labels[:1], {"token": "x", "actual": 1}])
        one.post("/invocations", {"dataframe_records": some[:2]})
        for path, document in (
            ("/predict", {"rows": [{**rows[0], "number_1": "text"}]}),
            ("/predict", {"rows": []}),
            (f"/v2/models/{made.name}/infer", {}),
            ("/nowhere", {}),
        ):
            post_invalid(one, path, document)
    time.sleep(SETTLED)


def post_invalid(one: RunningServer, path: str, document: Any) -> None:
    try:
        one.post(path, document)
    except urllib.error.HTTPError as error:
        error.close()


def measure(one: RunningServer, made: SyntheticData, workers: int, scrapes: int) -> bool:
    """Print one line; return whether a bound is exceeded."""
    (row,) = made.rows(1)
    seconds, cpu = [], 0.0
    for _ in range(scrapes):
        one.post("/predict", {"rows": [row]})
        before, started = one.cpu(), time.perf_counter()
        text = one.metrics()
        seconds.append(time.perf_counter() - started)
        cpu += one.cpu() - before
    found = list(read_samples(text.decode(), ""))
    ours = sum(sample.name.startswith("model_") for sample in found)
    median, late = statistics.median(seconds), sorted(seconds)[int(0.95 * scrapes)]
    print(
        f"{made.name:12} {workers:7} {len(found):8} {ours:14} {len(text) / 1e3:5.0f}"
        f" {1e3 * median:15.1f} ({1e3 * late:.1f}) {1e3 * cpu / scrapes:13.1f}"
    )
    return len(found) > MAX_SERIES or median > MAX_SECONDS


if __name__ == "__main__":
    sys.exit(main())
