"""Two releases of a solution, built from small projects: the shares of its members.

The same packages show the shares of an error in a build, in a test, and in ``inspect``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, package
from docs_blocks import BLOCKS
from docs_commands import commands
from readers import fixed

from packager.testing.release_shares import FLOW, planned

pytestmark = [pytest.mark.slow, pytest.mark.network]
N = 400
TRAIN = """
import numpy as np

class Model:
    {classes}

    def predict(self, frame):
        return {predict}


def train(features, target, *, params, seed):
    return Model()
"""
MEMBER = """
[package]
name = "{name}"
version = "1.0"
task = "{task}"
[recipe]
train = "train:train"
[data]
source = "data.csv"
target = "{target}"
[serve]
compile = "off"
"""
CLAIMS = """
[package]
name = "claims"
version = "{version}"
task = "regression"
flow = "flow:run"
[data]
source = "claims.csv"
target = "cost"
exclude = ["segment", "value"]
split = {{ test = 0.5 }}
[slices.rules]
old = "age > 60"
[[member]]
name = "segmenter"
package = "../{segmenter}.oci"
truth = "segment"
[[member]]
name = "price"
package = "../price.oci"
truth = "value"
"""
RUN = """
def run(rows, members):
    kind = members.segmenter(rows)
    price = members.price(rows.assign(segment=kind.predictions))
    return price.predictions + rows["age"] * 0.01
"""
SEGMENT = 'np.where(frame["age"] > 40, "home", "car")'
NOISY = 'np.where((frame["age"] > 40) == (frame["noise"] > 0.2), "home", "car")'


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, N),
            "size": rng.normal(5, 1, N).round(3),
            "noise": rng.random(N).round(4),
        }
    )
    frame["segment"] = np.where(frame["age"] > 40, "home", "car")
    frame["value"] = frame["size"] * np.where(frame["segment"] == "car", 2, 1)
    return frame.assign(cost=frame["value"] + frame["age"] * 0.01)


def member(folder: Path, name: str, predict: str, columns: list[str], classes: str = "") -> None:
    own = folder / name
    own.mkdir()
    (own / "train.py").write_text(TRAIN.format(predict=predict, classes=classes or "pass"))
    rows()[columns].to_csv(own / "data.csv", index=False)
    (own / "requirements.txt").write_text("numpy\npandas\n")
    task = "classification" if classes else "regression"
    (own / "package.toml").write_text(MEMBER.format(name=name, task=task, target=columns[-1]))


def build(project: Path, image: Path) -> str:
    done = package("build", project, "--output", f"oci:{image}", env=NO_ENGINE)
    assert done.code == 0, done.err
    return str(image)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """A release, one with a segmenter that is wrong on 20 % of the rows, and rows."""
    folder = tmp_path_factory.mktemp("releases")
    classes = 'classes_ = ["car", "home"]'
    member(folder, "good", SEGMENT, ["age", "noise", "segment"], classes)
    member(folder, "noisy", NOISY, ["age", "noise", "segment"], classes)
    price = 'frame["size"] * np.where(frame["segment"] == "car", 2, 1)'
    member(folder, "price", price, ["size", "segment", "value"])
    for name in ("good", "noisy", "price"):
        build(folder / name, folder / f"{name}.oci")
    made = []
    for version, segmenter in (("1", "good"), ("2", "noisy")):
        own = folder / f"claims{version}"
        own.mkdir()
        (own / "flow.py").write_text(RUN)
        rows().to_csv(own / "claims.csv", index=False)
        (own / "requirements.txt").write_text("numpy\npandas\n")
        (own / "package.toml").write_text(CLAIMS.format(version=version, segmenter=segmenter))
        made.append(build(own, folder / f"image{version}"))
    rows().to_csv(folder / "rows.csv", index=False)
    return made[0], made[1], folder / "rows.csv"


def shown(text: str) -> str:
    """The block of docs/solutions-testing.md that contains a text."""
    page = "docs/solutions-testing.md"
    [block] = [one.text for one in BLOCKS if one.page == page and text in one.text]
    return block


def output(*arguments: object) -> Any:
    done = package(*arguments, "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.long
def test_a_build_records_the_shares_without_rows(releases: tuple[str, str, Path]) -> None:
    """20 % noise in one member: it has the whole error, the price that follows has none."""
    found = output("inspect", releases[1])["attribution"]
    every = found["slices"][0]
    shares = {one["name"]: one["value"] for one in every["shares"]}
    assert shares["segmenter"] >= 0.9 * every["error"] > 0.5
    assert shares["price"] == pytest.approx(0, abs=1e-9)
    total = sum(shares.values()) + every["rest"]["value"]
    assert total == pytest.approx(every["error"], abs=1e-9)
    assert [one["slice"] for one in found["slices"]] == ["__all__", "old"]
    assert found["examples"] == []
    text = package("inspect", releases[1], env=NO_ENGINE).out
    assert "error by     segmenter +" in text


@pytest.mark.long
def test_a_test_shows_shares_members_and_examples(
    releases: tuple[str, str, Path], tmp_path: Path
) -> None:
    _, noisy, data = releases
    done = package(
        *("test", noisy, "--data", data, "--local", "--output", tmp_path / "out"),
        *("--state", tmp_path / "state"), env=NO_ENGINE,
    )  # fmt: skip
    assert fixed(shown("error by member:")) in fixed(done.out), done.out + done.err
    found = json.loads((tmp_path / "out" / "report.json").read_text())["attribution"]
    figures = {one["name"]: one for one in found["members"]}
    assert figures["segmenter"]["metrics"]["accuracy"]["value"] == pytest.approx(0.8, abs=0.06)
    first = found["examples"][0]
    assert (first["member"], first["effect"]) == ("segmenter", "spoilt")
    assert first["shown"]["member_answer"] != first["shown"]["member_right"]
    assert {*first["cells"]} == {"age", "size", "noise"}
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Error by member" in page
    assert "rows that segmenter spoilt most" in page
    assert "### Error by member" in (tmp_path / "out" / "summary.md").read_text()


@pytest.mark.long
def test_the_member_that_got_worse_has_the_change(releases: tuple[str, str, Path]) -> None:
    good, noisy, data = releases
    found = output("diff", good, noisy, "--data", data, "--local")["shares"]
    assert [one["name"] for one in found["members"]] == ["segmenter"]
    assert not found["flow"]
    for part in ("change", "error"):
        every = found[part][0]
        (share,) = every["shares"]
        assert share["value"] == pytest.approx(every["change"], abs=1e-9)
        assert every["change"] > 0.5
    assert found["own"][0]["after"] == pytest.approx(0.2, abs=0.06)


@pytest.mark.long
def test_the_page_shows_what_two_releases_print(releases: tuple[str, str, Path]) -> None:
    good, noisy, data = releases
    [command] = commands(shown("package diff claims:1 claims:2"))
    names = {"claims:1": good, "claims:2": noisy, "rows.csv": str(data)}
    words = [names.get(word, word) for word in command.split()[1:]]
    done = package(*words, "--local", env=NO_ENGINE)
    assert done.code in (0, 1), done.err
    assert fixed(shown("changed from A to B:")) in fixed(done.out), done.out


@pytest.mark.long
def test_the_change_of_answers_needs_no_labels(
    releases: tuple[str, str, Path], tmp_path: Path
) -> None:
    good, noisy, _ = releases
    bare = tmp_path / "bare.csv"
    rows()[["age", "size", "noise"]].to_csv(bare, index=False)
    found = output("diff", good, noisy, "--data", bare, "--local")["shares"]
    assert found["error"] == []
    assert found["change"][0]["change"] > 0.5


@pytest.mark.long
def test_the_same_release_changes_nothing(releases: tuple[str, str, Path]) -> None:
    good, _, data = releases
    done = package("diff", good, good, "--data", data, "--local", env=NO_ENGINE)
    assert done.code == 0, done.err
    assert "the same members and the same flow: no share of a change" in done.out


@pytest.mark.long
def test_rows_that_a_release_refuses_are_named(
    releases: tuple[str, str, Path], tmp_path: Path
) -> None:
    good, noisy, _ = releases
    bad = tmp_path / "bad.csv"
    bad.write_text("age,size,noise\n30,five,0.5\n")
    done = package("diff", good, noisy, "--data", bad, "--local", env=NO_ENGINE)
    assert done.code == 2
    assert "row 0, column 'size': expected" in done.err
    done = package("diff", good, noisy, "--data", tmp_path / "none.csv", "--local", env=NO_ENGINE)
    assert done.code == 2
    assert "expected a file, found none" in done.err


def test_each_flow_runs_with_all_sets_of_the_others_members() -> None:
    sets = (("one",), ("two",), ("one", "two"))
    assert planned(["one", "two"]) == ((), sets)
    assert planned(["one", "two", FLOW]) == (sets, sets)
    assert planned([FLOW]) == ((), ())
