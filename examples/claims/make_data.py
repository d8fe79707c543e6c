"""Write the tables of all projects: made claims of cars and homes, no row in two of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
ROWS = 3_000
WORDS = {
    True: ["unacceptable", "waiting", "complaint", "lawyer", "again", "refund"],
    False: ["thanks", "kindly", "attached", "regards", "photo", "details"],
}
COMMON = ["claim", "policy", "damage", "report", "invoice"]
TABLES = {
    "segmenter": ["claim", "sum_insured", "age", "wheels_mentioned", "rooms", "segment"],
    "car": ["claim", "sum_insured", "age", "power", "repair"],
    "home": ["claim", "sum_insured", "age", "rooms", "area", "repair"],
    "text": ["claim", "description", "mood"],
    "ranker": ["claim", "sum_insured", "repair", "p_angry", "cost"],
    "solution": [
        *("claim", "sum_insured", "age", "wheels_mentioned", "rooms", "power", "area"),
        *("description", "segment", "repair", "mood", "cost"),
    ],
}
"""Project → its columns. The truth of a member is a column of the solution's table, too."""
NEW = "new"
"""Claims that come after the build, with the columns of the solution's table."""


def claims(rows: int, seed: int) -> pd.DataFrame:
    """Claims with everything that any project's table has."""
    made = np.random.default_rng(seed)
    car = made.random(rows) < 0.6
    angry = made.random(rows) < 0.35
    age = made.uniform(0, 25, rows).round(1)
    power = np.where(car, made.normal(90, 30, rows).clip(30), 0).round()
    rooms = np.where(car, 0, made.integers(1, 8, rows))
    area = np.where(car, 0, rooms * made.normal(22, 4, rows).clip(10)).round()
    wheels = np.where(car, made.poisson(2, rows), made.poisson(0.2, rows))
    insured = (np.where(car, 150 * power, 1_500 * area) + made.normal(0, 2_000, rows)).clip(1_000)
    repair = np.where(car, 8 * power + 40 * age + 200, 9 * area + 60 * rooms + 15 * age)
    repair = (repair + made.normal(0, 40, rows)).clip(50)
    cost = repair * (1 + 0.35 * angry) + 0.002 * insured + made.normal(0, 30, rows)
    return pd.DataFrame(
        {
            "claim": [f"C{seed}-{n:05}" for n in range(rows)],
            "sum_insured": insured.round(),
            "age": age,
            "wheels_mentioned": wheels,
            "rooms": rooms,
            "power": power,
            "area": area,
            "description": [_description(bool(one), made) for one in angry],
            "segment": np.where(car, "car", "home"),
            "repair": repair.round(2),
            "mood": np.where(angry, "angry", "calm"),
            "p_angry": np.where(angry, made.beta(6, 2, rows), made.beta(2, 6, rows)).round(3),
            "cost": cost.round(2),
        }
    )


def _description(angry: bool, made: np.random.Generator) -> str:
    own = made.choice(WORDS[angry], 3).tolist() + made.choice(WORDS[not angry], 1).tolist()
    return " ".join(made.permutation([*own, *made.choice(COMMON, 4).tolist()]))


def main() -> None:
    """Write ``NAME/data/claims.csv`` for each project, and ``new/claims.csv``."""
    every = {**TABLES, NEW: TABLES["solution"]}
    for seed, (name, columns) in enumerate(every.items(), start=1):
        rows = claims(ROWS, seed)
        if name in ("car", "home"):
            rows = rows[rows["segment"] == name]
        target = HERE / name / ("" if name == NEW else "data") / "claims.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        rows[columns].to_csv(unfinished, index=False, lineterminator="\n")
        os.replace(unfinished, target)
        print(f"{target}: {len(rows)} rows")


if __name__ == "__main__":
    main()
