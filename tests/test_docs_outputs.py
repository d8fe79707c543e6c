"""What pages show of the output of commands is what the commands print."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, Done, Package, package
from docs_blocks import BLOCKS
from reference_dfp1 import mix

NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?(e-?\d+)?")
STONES = """
[package]
name = "stones"
version = "1.0.0"
task = "{task}"
[data]
source = "stones.csv"
target = "{target}"
split = {split}
[recipe]
train = "train:train"
"""
ENCODED = """
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def train(features, target, *, params, seed):
    columns = make_column_transformer(
        (SimpleImputer(), ["size"]),
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        (OneHotEncoder(), ["new"]),
    )
    return make_pipeline(columns, LogisticRegression()).fit(features, target)
"""
"""A model that takes any ``kind``, and only known values of ``new``."""


def shown(page: str, text: str) -> str:
    """The block of a page that contains a text."""
    [block] = [block for block in BLOCKS if block.page == page and text in block.text]
    return block.text


def shape(text: str) -> list[str]:
    """The lines without their numbers and their widths."""
    lines = (" ".join(NUMBER.sub("N", line).split()) for line in text.strip().splitlines())
    return [*lines]


def project(folder: Path, rows: pd.DataFrame, train: str, **fields: str) -> Path:
    """A project in ``folder`` with these rows and this recipe."""
    rows.to_csv(folder / "stones.csv", index=False)
    (folder / "package.toml").write_text(STONES.format(**fields), encoding="utf-8")
    (folder / "train.py").write_text(train, encoding="utf-8")
    (folder / "requirements.txt").write_text("scikit-learn\n", encoding="utf-8")
    return folder


def checked(done: Done) -> Done:
    assert done.code == 0, done.err
    return done


@pytest.mark.long
@pytest.mark.slow
def test_an_inspection_prints_the_domain(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    size = draw.normal(5, 2, 2_000).round(2)
    rows = pd.DataFrame(
        {
            "size": np.where(draw.random(2_000) < 0.02, np.nan, size),
            "kind": draw.choice(["a", "b", None], 2_000),
            "new": draw.choice(["yes", "no", None], 2_000),
            "price": np.where(size + draw.normal(0, 1, 2_000) > 5, "high", "low"),
        }
    )
    split = "{ test = 0.25 }"
    place = project(tmp_path, rows, ENCODED, task="classification", target="price", split=split)
    image = tmp_path / "image"
    checked(package("build", place, "--output", f"oci:{image}", env=NO_ENGINE))
    told = checked(package("inspect", image, "--all", env=NO_ENGINE)).out
    expected = shape(shown("docs/compiled.md", "equal on 500 held-out"))
    lines = shape(told)
    start = lines.index(expected[0])
    assert lines[start : start + len(expected)] == expected


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.server
def test_a_benchmark_of_a_solution_prints_the_time_of_its_flow(local_solution: Package) -> None:
    options = ("--seconds", 2, "--concurrency", 4, "--rows", 1)
    done = checked(package("bench", local_solution.reference, "--local", *options, env=NO_ENGINE))
    title, heads, *rows = shape(shown("docs/bench.md", "time of the flow"))
    lines = shape(done.out)
    start = lines.index(title)
    assert lines[start + 1] == heads
    forms = {re.sub(r"^\w+", "MEMBER", row) for row in rows[:-1]}
    printed = [re.sub(r"^\w+", "MEMBER", row) for row in lines[start + 2 : start + 4]]
    assert {*printed} == forms
    assert lines[start + 4] == rows[-1]


@pytest.mark.long
@pytest.mark.slow
def test_a_pickle_that_calls_the_shell_is_refused_with_this_error(tmp_path: Path) -> None:
    class Model:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, ("ls",)

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Model(), protocol=4))
    done = package("init", "churn", "--from-model", "model.pkl", cwd=tmp_path)
    assert done.code == 1
    assert done.err.strip() == shown("docs/audit.md", "calls posix.system").strip()


@pytest.mark.long
@pytest.mark.slow
def test_a_new_version_of_a_table_is_summarized(tmp_path: Path) -> None:
    """10,000 stones, most of which are in both versions; the split keeps some of them apart."""
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "carat": draw.uniform(0.2, 3, 10_000).round(2),
            "cut": draw.choice(["Fair", "Good", "Ideal"], 10_000),
            "price": draw.normal(3_000, 500, 10_000).round(),
        }
    )
    project(tmp_path, rows, "", task="regression", target="price", split='{ by = ["carat"] }')
    toml = tmp_path / "package.toml"
    toml.write_text(toml.read_text().replace("stones.csv", "delta:stones"), encoding="utf-8")
    more = rows.sample(1_200, random_state=1).assign(carat=rows["carat"].max() - rows["carat"])
    more["price"] += 1_500
    more.loc[more.index[:20], "cut"] = "Excellent"
    for name, frame in (("one", rows.head(9_000)), ("two", rows), ("three", [rows, more])):
        (frame if isinstance(frame, pd.DataFrame) else pd.concat(frame)).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
        words = ("data", "add", f"{name}.csv", "--table", "stones", "-m", name)
        done = checked(package(*words, cwd=tmp_path))
    assert shape(done.out) == shape(shown("docs/data.md", "compared with 2"))


def test_the_page_of_the_fingerprint_states_the_mixing_function() -> None:
    """Its three lines, run as Python, give what the other implementation gives."""
    block = shown("docs/fingerprint.md", "mix(x):")
    steps = "\n".join(re.findall(r"x \^= x >> \d+(?:;\s+x = x · 0x[0-9A-F]+)?", block))
    assert len(steps.splitlines()) == 3
    for value in (0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15):
        values = {"x": value}
        exec(re.sub(r"· (0x\w+)", r"* \1 % 2**64", steps), values)
        assert values["x"] == mix(value)
