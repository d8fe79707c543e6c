"""Models come from a real tracking server of MLflow, and packages go to MLflow."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command import NO_ENGINE, Package, package
from peer_environments import peer_environment

SUPPORT = Path(__file__).parent / "support"
MLFLOW = ("mlflow==3.17.2", "scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6")
BOOSTERS = ("lightgbm==4.7.0", "xgboost-cpu==3.2.0")
SECONDS = 400
"""To start: the first import of MLflow takes a minute and more on a busy machine."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
pytestmark = [pytest.mark.long, pytest.mark.network, pytest.mark.server]


@dataclass(frozen=True)
class Tracking:
    """A tracking server with models, and MLflow's answers of each."""

    url: str
    folder: Path
    python: Path

    def told(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, folder: Path, path: str) -> Iterator[None]:
    """A server's process group, from its first answer to the end of the block."""
    with (folder / "server.log").open("w") as log:
        programs = f"{Path(command[0]).parent}:{os.environ['PATH']}"
        environment = {**os.environ, **QUIET, "PATH": programs}
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            deadline = time.monotonic() + SECONDS
            while not answers(url + path):
                assert process.poll() is None, (folder / "server.log").read_text()
                assert time.monotonic() < deadline, (folder / "server.log").read_text()
                time.sleep(0.3)
            yield
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    programs = peer_environment("mlflow", *MLFLOW, *BOOSTERS)
    folder = tmp_path_factory.mktemp("tracking")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(programs / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", "sqlite:///tracking.db", "--workers", "1"]
    command += ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    with running(command, url, folder, "/health"):
        made = subprocess.run(
            [programs / "python", SUPPORT / "mlflow_models.py", url, folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-3000:]
        yield Tracking(url, folder, programs / "python")


def built(tracking: Tracking, address: str, folder: Path, *more: object) -> tuple[Path, Path]:
    """The project of a model with the server, and its package."""
    project, image = folder / "project", folder / "image"
    given = {"MLFLOW_TRACKING_URI": tracking.url}
    made = package("init", project, "--from-mlflow", address, *more, env=given)
    assert made.code == 0, made.err
    done = package("build", project, "--output", f"oci:{image}", env=NO_ENGINE)
    assert done.code == 0, done.err
    return project, image


def predicted(image: object, rows: Path, folder: Path) -> pd.DataFrame:
    command = ("predict", image, "--data", rows, "--format", "csv", "--local")
    done = package(*command, "--output", folder / "answers.csv", env=NO_ENGINE)
    assert done.code == 0, done.err
    return pd.read_csv(folder / "answers.csv")


@pytest.mark.parametrize("name", ["churn", "trees", "boosted", "doubling"])
def test_a_package_answers_as_the_model_of_the_registry(
    tracking: Tracking, tmp_path: Path, name: str
) -> None:
    project, image = built(tracking, f"models:/{name}/1", tmp_path)
    found = predicted(image, tracking.folder / "rows.csv", tmp_path)["prediction"].tolist()
    assert found == tracking.told(name)["answers"]
    origin = json.loads((project / "mlflow.json").read_text())
    assert (origin["name"], origin["version"]) == (name, "1")
    assert origin["run"] == tracking.told(name)["run"]
    assert (origin["metrics"], origin["tags"]) == ({"accuracy": 0.93}, {"team": "risk"})
    assert (origin["params"], origin["left_out"]) == ({"C": "1.0"}, ["api_key"])
    assert len(origin["examples"]) == 3


def test_claimed_and_measured_metrics_are_apart(tracking: Tracking, tmp_path: Path) -> None:
    table = tracking.folder / "labelled.csv"
    given = ("--data", table, "--target", "label")
    project, image = built(tracking, "models:/churn@champion", tmp_path, *given)
    shown = package("inspect", image)
    assert "claimed by its run; this package did not measure them" in shown.out
    found = json.loads(package("inspect", image, "--json").out)
    assert found["origin"]["metrics"] == {"accuracy": 0.93}
    assert found["manifest"]["evaluation"]["overall"]["values"]["accuracy"] != 0.93
    card = package("card", image, "--format", "markdown").out
    assert "| asked for as | models:/churn@champion |" in card
    assert "| accuracy | 0.9300 |" in card
    signature = (
        (project / "mlflow.json").read_text().replace('"count": "long"', '"count": "string"')
    )
    (project / "mlflow.json").write_text(signature)
    wrong = package("build", project, "--output", f"oci:{tmp_path / 'no'}", env=NO_ENGINE)
    assert "column 'count': expected string by the signature of churn version 1" in wrong.err
    assert not (tmp_path / "no").exists()


def test_a_model_of_a_run_and_one_that_is_not_there(tracking: Tracking, tmp_path: Path) -> None:
    run, given = tracking.told("churn")["run"], ("--tracking-uri", tracking.url)
    project = tmp_path / "project"
    made = package("init", project, "--from-mlflow", f"runs:/{run}/model", *given)
    assert made.code == 0, made.err
    assert json.loads((project / "mlflow.json").read_text())["run_name"] == "run-churn"
    for address, said in (
        (f"runs:/{run}/other", "expected a model with the file MLmodel"),
        ("runs:/none/model", "expected none, got no such entry"),
        ("models:/churn@loser", "alias loser not found"),
        ("models:/churn/7", "expected churn 7, got no such entry"),
    ):
        done = package("init", tmp_path / "new", "--from-mlflow", address, *given)
        assert done.code != 0
        assert said in done.err
        assert "hint:" in done.err
        assert not (tmp_path / "new").exists()


PAGE = (Path(__file__).parents[1] / "docs" / "mlflow.md").read_text(encoding="utf-8")
[BLOCK] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
_, ANSWERS, PROBABILITIES = BLOCK.splitlines()
ASK = f"""
import json, sys
import mlflow, pandas as pd
frame = pd.read_csv(sys.argv[1])
{BLOCK}
answers = {ANSWERS}
both = {PROBABILITIES}
print(json.dumps(dict(answers=answers.tolist(), both=both.to_dict("list"))))
"""
"""The block of the page, in the folder that holds ``exported``."""


def test_mlflow_answers_from_an_exported_package_as_the_server_does(
    local_package: Package, tmp_path: Path
) -> None:
    folder, rows = tmp_path / "exported", tmp_path / "rows.csv"
    done = package("export", local_package.reference, "--mlflow", folder)
    assert done.code == 0, done.err
    frame = pd.read_csv(local_package.project / "data/visits.csv").drop(columns="returned").head(40)
    frame.to_csv(rows, index=False)
    expected = predicted(local_package.reference, rows, tmp_path)
    programs = peer_environment("exported", *(folder / "requirements.txt").read_text().splitlines())
    asked = subprocess.run(
        [programs / "python", "-c", ASK, rows], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr[-3000:]
    found = json.loads(asked.stdout.splitlines()[-1])
    assert found["answers"] == expected["prediction"].tolist()
    for name in ("probability no", "probability yes"):
        assert found["both"][name] == pytest.approx(expected[name].tolist(), abs=1e-12)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(programs / "mlflow"), "models", "serve", "--model-uri", str(folder)]
    command += ["--env-manager", "local", "--port", str(port), "--workers", "1"]
    with running(command, url, tmp_path, "/ping"):
        records = json.loads(frame.to_json(orient="split", index=False))
        body = json.dumps({"dataframe_split": records}).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/invocations", body, kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["predictions"] == expected["prediction"].tolist()
