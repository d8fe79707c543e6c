"""The cases of docs/behavioural-cases.md, judged in a build: they hold, and one is made to fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, Done, package
from docs_blocks import BLOCKS

pytestmark = [pytest.mark.slow, pytest.mark.long]
PAGE = [block for block in BLOCKS if block.page == "docs/behavioural-cases.md"]
TOML = """
[package]
name = "stones"
version = "1.0.0"
task = "regression"
[data]
source = "stones.csv"
target = "price"
[recipe]
train = "train:train"
[slices]
columns = ["color"]
[serve]
compile = "off"
"""
TRAIN = """
class Price:
    def predict(self, frame):
        return {answer}


def train(features, target, *, params, seed):
    return Price()
"""


def case(kind: str) -> str:
    [text] = [one.text for one in PAGE if one.language == "toml" and f'kind = "{kind}"' in one.text]
    return text


def built(folder: Path, rows: pd.DataFrame, answer: str, *cases: str, code: str = "") -> Done:
    """A build of a project whose model answers ``answer``, an expression of ``frame``."""
    folder.mkdir()
    rows.to_csv(folder / "stones.csv", index=False)
    (folder / "package.toml").write_text("\n".join([TOML, *cases]), encoding="utf-8")
    (folder / "train.py").write_text(TRAIN.format(answer=answer), encoding="utf-8")
    (folder / "cases.py").write_text(code, encoding="utf-8")
    (folder / "requirements.txt").write_text("pandas>=2.2\n", encoding="utf-8")
    return package("build", folder, "--output", f"oci:{folder}-image", env=NO_ENGINE)


@pytest.fixture(scope="module")
def stones() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    carat = draw.uniform(0.2, 2.5, 600).round(2)
    return pd.DataFrame(
        {
            "carat": carat,
            "cut": draw.choice(["Fair", "Good", "Ideal"], 600),
            "color": draw.choice(["D", "E", "J"], 600),
            "price": (2_930 * carat - 330 + draw.normal(0, 50, 600)).round(),
        }
    )


def test_rows_of_the_page_decide_about_a_build(tmp_path: Path, stones: pd.DataFrame) -> None:
    cases = (case("directional"), case("golden"))
    right = built(tmp_path / "right", stones, "2929 * frame['carat'] - 329", *cases)
    assert right.code == 0, right.err
    told = package("inspect", tmp_path / "right-image", env=NO_ENGINE).out
    assert "2: larger stones cost more (directional), known stones (golden)" in " ".join(
        told.split()
    )
    wrong = built(tmp_path / "wrong", stones, "2600 - frame['carat']", *cases)
    assert wrong.code == 1
    assert "case 'larger stones cost more' holds on 0 of " in wrong.err
    dearer = built(tmp_path / "dearer", stones, "2929 * frame['carat']", *cases)
    assert dearer.code == 1
    assert "case 'known stones' holds on 0 of 2 rows" in dearer.err


def test_a_build_asks_the_function_of_the_page(tmp_path: Path, stones: pd.DataFrame) -> None:
    rows = pd.DataFrame({"x": stones["carat"], "y": stones["carat"] / 2, "color": stones["color"]})
    rows["price"] = stones["price"]
    [code] = [one.text for one in PAGE if one.language == "python"]
    about = case("metamorphic")
    right = built(tmp_path / "right", rows, "frame['x'] + frame['y']", about, code=code)
    assert right.code == 0, right.err
    wrong = built(tmp_path / "wrong", rows, "-frame['x']", about, code=code)
    assert wrong.code == 1
    assert "case 'doubling all sizes scales the price' holds on 0 of " in wrong.err
