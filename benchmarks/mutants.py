"""Mutant models in real processes: each has to be killed by its kind of case.

    python benchmarks/mutants.py

Prints a line for each mutant, and exits with 1 if one survives its case or if the model itself
fails one. A mutant is the model of ``SERVED`` with one rule changed; its name is the content of the
model's file. Takes some 2 s of processor time for each.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from packager.manifest.case import Case
from packager.manifest.manifest import Column, Manifest, Schema, Serve, Slices
from packager.manifest.policy import Policy
from packager.model.paths import Root
from packager.worker.test.cases.batches import NAME
from packager.worker.test.cases.rows import DataRows
from packager.worker.test.cases.run import cases

SERVED = '''
"""Prices of stones, and the mutants of this model."""

import numpy as np

CUTS = {"Fair": 0.0, "Good": 100.0, "Ideal": 300.0}


def price(frame):
    cuts = frame["cut"].map(CUTS).astype(float)
    return np.asarray(2000 * frame["carat"] + 10 * frame["count"] + cuts, float)


MUTANTS = {
    "itself": price,
    "reads the note": lambda f: price(f) + f["note"].str.isupper(),
    "sign flipped": lambda f: 9000 - price(f),
    "column ignored": lambda f: price(f.assign(carat=1.0)),
    "constant": lambda f: np.full(len(f), 2000.0),
    "a dent": lambda f: price(f) - 3000 * ((f["carat"] > 1.2) & (f["carat"] < 1.7)),
    "cents": lambda f: 100 * price(f),
    "below zero": lambda f: price(f) - 2000,
    "off by a unit": lambda f: price(f) + 1,
    "cut ignored": lambda f: price(f.assign(cut="Good")),
    "noisy": lambda f: price(f) + 500 * np.sin(1000 * f["carat"]),
    "row order used": lambda f: price(f) + np.arange(len(f)),
    "centred by the batch": lambda f: price(f) - price(f).mean(),
    "ranked within the batch": lambda f: price(f).argsort().argsort().astype(float),
    "size of the batch used": lambda f: price(f) + len(f),
    "counts its calls": None,
}


class Predictor:
    def __init__(self, name):
        self.name = name
        self.calls = 0

    @classmethod
    def load(cls, path):
        return cls(path.read_text())

    def predict(self, frame):
        self.calls += 1
        if self.name == "counts its calls":
            return price(frame) + self.calls
        return MUTANTS[self.name](frame)
'''
RELATIONS = """
import numpy as np


def cuts_add(frame, predict):
    return np.isclose(predict(frame.assign(cut="Ideal")) - predict(frame.assign(cut="Fair")), 300)
"""
CASES = (
    Case(name="notes say nothing", kind="invariance", change={"note": "upper"}),
    Case(
        name="larger costs more",
        kind="directional",
        change={"carat": "* 1.1"},
        expect="increases",
        share=0.95,
    ),
    Case(name="along carat", kind="monotonic", column="carat", expect="increases"),
    Case(name="a price", kind="bounds", expect="between 0 and 10000"),
    Case(
        name="known",
        kind="golden",
        rows=({"carat": 1.0, "count": 2, "cut": "Ideal", "note": "a", "price": 2320.0},),
    ),
    Case(name="cuts add", kind="metamorphic", call="relations:cuts_add"),
    Case(name="enough", kind="minimum", rows="file:known.csv", metric="mae", limit=100.0),
)
KILLS = {
    "reads the note": "notes say nothing",
    "sign flipped": "larger costs more",
    "column ignored": "larger costs more",
    "a dent": "along carat",
    "cents": "a price",
    "below zero": "a price",
    "off by a unit": "known",
    "cut ignored": "cuts add",
    "constant": "enough",
    "noisy": "enough",
    "row order used": NAME,
    "centred by the batch": NAME,
    "ranked within the batch": NAME,
    "size of the batch used": NAME,
    "counts its calls": NAME,
}
"""Mutant → the case that has to kill it."""
SCHEMA = Schema(
    features=(
        Column(name="carat", kind="number", dtype="float64", nullable=False, minimum=0, maximum=3),
        Column(name="count", kind="integer", dtype="int64", nullable=False, minimum=0, maximum=20),
        Column(
            name="cut",
            kind="string",
            dtype="str",
            nullable=False,
            categories=("Fair", "Good", "Ideal"),
        ),
        Column(name="note", kind="string", dtype="str", nullable=True),
    ),
    target=Column(name="price", kind="number", dtype="float64", nullable=False),
)
MANIFEST = Manifest.model_construct(
    name="mutants",
    task="regression",
    schema_=SCHEMA,
    serve=Serve(predictor="served:Predictor", compile="off", workers=1, strict=False),
    slices=Slices(columns={}, rules={}),
    data="none",
    test=Policy(case=CASES),
)


def stones(rows: int) -> pd.DataFrame:
    """Rows for the cases."""
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "carat": draw.uniform(0.3, 2.5, rows).round(2),
            "count": draw.integers(1, 15, rows),
            "cut": draw.choice(["Fair", "Good", "Ideal"], rows),
            "note": [f"stone {place}" for place in range(rows)],
        }
    )


def failed(root: Root, mutant: str) -> set[str]:
    """The cases that fail for ``mutant``."""
    root.models.mkdir(exist_ok=True)
    root.model.write_text(mutant)
    frame = stones(60)
    data = DataRows(frame, np.arange(len(frame)), {"__all__": np.ones(len(frame), np.bool_)})
    found = cases(data, MANIFEST, root, batches=True)
    return {check.subject for check in found.checks if check.verdict == "failed"}


def lines(root: Root) -> Iterator[tuple[bool, str]]:
    """Whether each model does as it should, and what it did."""
    own = failed(root, "itself")
    yield not own, f"itself: fails {', '.join(own) or 'no case'}"
    for mutant, case in KILLS.items():
        found = failed(root, mutant)
        others = ", ".join(sorted(found - {case})) or "no other"
        word = "killed by" if case in found else "SURVIVES"
        yield case in found, f"{mutant}: {word} {case!r}; other cases that fail: {others}"


def main() -> int:
    """Print a line for each model; return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        root = Root(Path(name))
        root.code.mkdir()
        (root.code / "served.py").write_text(SERVED)
        (root.code / "relations.py").write_text(RELATIONS)
        known = stones(20)
        cuts = known["cut"].map({"Fair": 0.0, "Good": 100.0, "Ideal": 300.0})
        known["price"] = 2000 * known["carat"] + 10 * known["count"] + cuts
        known.to_csv(root.code / "known.csv", index=False)
        os.chdir(root.code)
        passed = []
        for good, line in lines(root):
            passed.append(good)
            print(line, flush=True)
        os.chdir("/")
    print(f"{sum(passed)} of {len(passed)} as they should be")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
