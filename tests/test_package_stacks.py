"""Packages whose stacks conflict with the server's and with each other, served side by side."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, Package, ask, package, series, served
from registries import registry

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.network, pytest.mark.server]
TOML = """\
[package]
name = "{name}"
version = "1.0"
task = "classification"
[data]
source = "data/rows.csv"
target = "y"
[recipe]
train = "train:train"
seed = 7
"""
OLD = """
import numpy
import pandas
import sklearn
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

assert (pandas.__version__, numpy.__version__, sklearn.__version__) == ("1.5.3", "1.26.4", "1.2.2")

def train(features, target, *, params, seed):
    assert features.append(features.head(1)).shape[0] == len(features) + 1  # gone in pandas 2
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer(
        (encode, make_column_selector(dtype_exclude="number")),
        (FunctionTransformer(numpy.log1p), ["size"]),
        remainder="passthrough",
    )
    boosted = HistGradientBoostingClassifier(max_iter=20, random_state=seed)
    return make_pipeline(columns, boosted).fit(features, target)
"""
PINNED = """
import bentoml
import pydantic

class Answer(pydantic.BaseModel):
    label: str

    @pydantic.validator("label")
    def known(cls, value):
        return value

class Rule:
    classes_ = ["no", "yes"]

    def predict(self, frame):
        assert (pydantic.VERSION[0], bentoml.__version__) == ("1", "1.2.0")
        return [Answer(label="yes" if size > 5 else "no").label for size in frame["size"]]

def train(features, target, *, params, seed):
    return Rule()
"""
PREDICTED = re.compile(r'model_predictions_total\{.*predicted="([^"]*)"')
MIN_SHARED_LAYERS, MIN_SHARED = 4, 0.5
"""Layers that both have, and their share of the bytes of the smaller package, without a base."""
STACKS = {
    "old": (OLD, "pandas==1.5.3\nnumpy==1.26.4\nscikit-learn==1.2.2\n"),
    "pinned": (PINNED, "pydantic<2\nbentoml==1.2.0\nnumpy<2\nsetuptools<81\n"),
}


def rows(count: int) -> pd.DataFrame:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"size": random.uniform(0, 10, count), "kind": random.choice(["a", "b"], count)}
    )
    return frame.assign(y=np.where(frame["size"] + (frame["kind"] == "a") > 5, "yes", "no"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Package]:
    folder = tmp_path_factory.mktemp("stacks")
    found = {}
    for name, (code, requirements) in STACKS.items():
        project, image = folder / name, folder / f"{name}-image"
        (project / "data").mkdir(parents=True)
        (project / "package.toml").write_text(TOML.format(name=name))
        (project / "train.py").write_text(code)
        (project / "requirements.txt").write_text(requirements)
        rows(400).to_csv(project / "data" / "rows.csv", index=False)
        done = package("build", project, "--output", f"oci:{image}", "--json", env=NO_ENGINE)
        assert done.code == 0, done.err
        found[name] = Package(str(image), project, json.loads(done.out))
    return found


def test_both_answer_at_the_same_time(packages: dict[str, Package]) -> None:
    asked = rows(40)
    body = {"rows": asked.drop(columns="y").to_dict("records")}
    with (
        served(packages["old"].reference, "--local", env=NO_ENGINE) as old,
        served(packages["pinned"].reference, "--local", env=NO_ENGINE) as pinned,
    ):
        answered: dict[str, Counter[str]] = {old: Counter(), pinned: Counter()}
        for url in (old, pinned, old, pinned, pinned):
            status, answer = ask(f"{url}/predict", body)
            assert status == 200, answer
            labels = [one["prediction"] for one in answer["predictions"]]
            assert np.mean(labels == asked["y"].to_numpy()) > 0.8
            answered[url].update(labels)
        for url, labels_seen in answered.items():
            assert counted(url, labels_seen.total()) == labels_seen


def counted(url: str, rows: int) -> Counter[str]:
    """Rows by prediction, once ``rows`` are counted: workers write a few times a second."""
    end = time.monotonic() + 60
    while True:
        found: Counter[str] = Counter()
        for name, value in series(url).items():
            match = PREDICTED.match(name)
            if match and value:
                found[match[1]] += int(value)
        if found.total() >= rows or time.monotonic() > end:
            return found
        time.sleep(0.1)


def test_trees_of_the_old_stack_are_compiled(packages: dict[str, Package]) -> None:
    done = package("inspect", packages["old"].reference, "--json")
    assert done.json["manifest"]["compiled"]["verdict"] == "equal", done.err


@pytest.mark.parametrize("name", STACKS)
def test_each_replays(packages: dict[str, Package], name: str, tmp_path: Path) -> None:
    done = package("replay", packages[name].reference, "--local", env=NO_ENGINE, cwd=tmp_path)
    assert done.code == 0, done.err + done.out
    assert "replay: passed" in done.out


def test_a_registry_stores_what_both_have_once(
    packages: dict[str, Package], tmp_path: Path
) -> None:
    """Layers of the server are equal whatever the model needs: they are counted by digest."""
    layers = {}
    with registry(tmp_path / "registry") as running:
        for name, made in packages.items():
            place = f"{running.host}/{name}"
            done = package("push", made.reference, place, env=NO_ENGINE)
            assert done.code == 0, done.err
            digest = done.out.strip().rpartition("@")[2]
            manifest = json.loads(running.blob(digest).read_bytes())
            layers[name] = {one["digest"]: one["size"] for one in manifest["layers"]}
        shared = layers["old"].keys() & layers["pinned"].keys()
        every = {**layers["old"], **layers["pinned"]}
        assert all(running.blob(digest).stat().st_size == every[digest] for digest in every)
    stored = sum(every.values())
    alone = sum(sum(one.values()) for one in layers.values())
    common = sum(every[digest] for digest in shared)
    assert alone - stored == common
    assert len(shared) >= MIN_SHARED_LAYERS
    assert common > MIN_SHARED * min(sum(one.values()) for one in layers.values())
