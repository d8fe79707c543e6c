"""A small solution as projects: two members, of which one has another pandas, and a flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SOLUTION, LENGTH, MOOD = "claims", "length", "mood"
MEMBER_TOML = """\
[package]
name = "{name}"
version = "1.0"
task = "{task}"
[data]
source = "data/{source}"
target = "{target}"
key = ["id"]
[recipe]
train = "{module}:train"
[serve]
compile = "off"
"""
LENGTH_RECIPE = '''
"""The price of a length, by least squares."""
import json

import numpy as np


class Line:
    def __init__(self, slope, start):
        self.slope, self.start = slope, start

    def predict(self, frame):
        return self.slope * frame["length"].to_numpy(float) + self.start


def train(features, target, *, params, seed):
    slope, start = np.polyfit(features["length"], target, 1)
    return Line(float(slope), float(start))


def save(model, path):
    path.write_text(json.dumps([model.slope, model.start]))


def load(path):
    return Line(*json.loads(path.read_text()))
'''
MOOD_RECIPE = '''
"""The mood of a text, by its words; it says which pandas it runs with."""
import json
from collections import Counter

import numpy as np
import pandas as pd


class Words:
    def __init__(self, known):
        self.known = known
        self.classes_ = ["angry", "calm"]

    def predict_proba(self, frame):
        if not pd.__version__.startswith("2.2"):
            raise RuntimeError(pd.__version__)
        angry = [
            np.mean([self.known.get(word, 0.5) for word in text.split()])
            for text in frame["text"].astype(str)
        ]
        return np.column_stack([angry, 1 - np.array(angry)])

    def predict(self, frame):
        return [self.classes_[int(p < 0.5)] for p in self.predict_proba(frame)[:, 0]]


def train(features, target, *, params, seed):
    angry, every = Counter(), Counter()
    for text, mood in zip(features["text"], target):
        for word in text.split():
            every[word] += 1
            angry[word] += mood == "angry"
    return Words({word: angry[word] / count for word, count in sorted(every.items())})


def save(model, path):
    path.write_text(json.dumps(model.known))


def load(path):
    return Words(json.loads(path.read_text()))
'''
FLOW = '''
"""A claim costs the price of its length, and half as much again if it is angry."""


def run(rows, members):
    mood = members.mood.submit(rows[["text"]])
    price = members.length(rows)
    return price.predictions * (1 + 0.5 * mood.result().probability("angry"))
'''
SOLUTION_TOML = """\
[package]
name = "claims"
version = "1.0"
task = "regression"
flow = "flow:run"
[data]
source = "data/rows.csv"
target = "cost"
key = ["id"]
split = { test = 0.5 }
[slices]
columns = ["mood"]
[[member]]
name = "length"
package = "../length"
truth = "price"
[[member]]
name = "mood"
package = "../mood"
truth = "mood"
deadline = 30
"""
OLD = "numpy==1.26.4\npandas==2.2.3\n"


def claims(rows: int, seed: int) -> pd.DataFrame:
    """Made claims: id, length, text; price and mood, the members' truths; cost."""
    made = np.random.default_rng(seed)
    angry = made.random(rows) < 0.4
    words = {True: ["late", "broken", "again"], False: ["thanks", "fine", "small"]}
    length = made.uniform(1, 9, rows).round(2)
    price = 3 * length + 10 + made.normal(0, 0.5, rows)
    return pd.DataFrame(
        {
            "id": np.arange(rows) + 1_000_000 * seed,
            "length": length,
            "text": [" ".join(made.choice([*words[bool(a)], "claim"], 4)) for a in angry],
            "price": price.round(3),
            "mood": np.where(angry, "angry", "calm"),
            "cost": (price * (1 + 0.5 * angry)).round(3),
        }
    )


def write_solution_projects(folder: Path) -> Path:
    """The members' projects beside the solution's, which is returned; one has Parquet data."""
    length = MEMBER_TOML.format(
        name=LENGTH,
        task="regression",
        source="rows.parquet",
        target="price",
        module="length_recipe",
    )
    mood = MEMBER_TOML.format(
        name=MOOD,
        task="classification",
        source="rows.csv",
        target="mood",
        module="mood_recipe",
    )
    projects = {
        LENGTH: (length, {"length_recipe.py": LENGTH_RECIPE}, "pandas\n", 1),
        MOOD: (mood, {"mood_recipe.py": MOOD_RECIPE}, OLD, 2),
        SOLUTION: (SOLUTION_TOML, {"flow.py": FLOW}, "pandas\n", 3),
    }
    columns = {
        LENGTH: ["id", "length", "price"],
        MOOD: ["id", "text", "mood"],
        SOLUTION: ["id", "length", "text", "price", "mood", "cost"],
    }
    for name, (toml, code, requirements, seed) in projects.items():
        place = folder / name
        (place / "data").mkdir(parents=True)
        (place / "package.toml").write_text(toml)
        (place / "requirements.txt").write_text(requirements)
        for file, text in code.items():
            (place / file).write_text(text)
        rows = claims(600, seed)[columns[name]]
        if name == LENGTH:
            rows.to_parquet(place / "data" / "rows.parquet", index=False)
        else:
            rows.to_csv(place / "data" / "rows.csv", index=False)
    return folder / SOLUTION
