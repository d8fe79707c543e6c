"""A drifted input becomes an issue, and ends: what `deploy monitoring` writes, and real parts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, package
from deployed_tracker import deployed_tracker
from replicas import Replica, replica
from running_trackers import wait_until

from packager.image.reference import open_reference

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")),
        reason="no prometheus and alertmanager here",
    ),
]
SHIFT = 40.0
DRIFT = ("FeatureDrift", "feature=basket")
DOWN = ("TargetDown", "package")


def test_drift_opens_an_issue_and_its_end_resolves_it(
    local_package: Package, tmp_path: Path
) -> None:
    out = tmp_path / "watch"
    made = ("deploy", "compose", local_package.reference, "--output", out, "--time-scale", 60)
    done = package(*made, "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    (model,) = done.json["models"]
    waits = {"FeatureDrift": "1s"}
    with (
        replica(local_package.reference) as server,
        deployed_tracker(out, tmp_path, model, server.address, waits) as running,
    ):
        send(server, local_package, SHIFT)
        # Certainty is 1 until Prometheus was asked.
        wait_until(lambda: running.issues().get(DRIFT, {"certainty": 1})["certainty"] < 1, 60)
        found = running.issues()[DRIFT]
        page = running.page(found["id"])
        only = f'model_feature_observations_total{{job="{model}", feature="basket"}}'
        live = {labels["bin"]: n for labels, n in running.prometheus.ask(f"sum by (bin) ({only})")}
        for _ in range(4):  # then most rows of the day, 24 minutes here, are as in training
            send(server, local_package)
        wait_until(lambda: not running.issues()[DRIFT]["firing"], 60)
        server.kill()
        # On a busy machine a scrape may have failed before, which opened it and resolved it again.
        wait_until(lambda: running.issues().get(DOWN, {"state": "none"})["state"] == "open", 60)
        after = running.issues()
    assert (found["package"], found["state"], found["firing"]) == (model, "open", True)
    # It was asked when at least 500 of the rows had come.
    assert found["share"] == pytest.approx(moved(live, local_package), abs=0.1)
    assert found["certainty"] == pytest.approx(0.7, abs=0.01), "0.7 (1 - q): answers may be fine"
    assert 'id="plot"' in page
    assert "<figcaption" in page
    assert (after[DRIFT]["id"], after[DRIFT]["state"]) == (found["id"], "resolved")
    assert (after[DOWN]["band"], after[DOWN]["state"]) == (1, "open")


def send(server: Replica, built: Package, shift: float = 0.0) -> None:
    """Ask about every row of the training, with baskets moved by ``shift``."""
    frame = pd.read_csv(built.project / "data/visits.csv")
    frame["basket"] += shift
    rows = json.loads(frame.drop(columns="returned").to_json(orient="records"))
    for start in range(0, len(rows), 200):
        server.post("/predict", {"rows": rows[start : start + 200]})


def moved(live: Mapping[str, float], built: Package) -> float:
    """Total variation between what came and the training, for baskets."""
    with open_reference(built.reference, None) as found:
        profile = found.profile()
    assert profile is not None
    basket = next(one for one in profile.features if one.name == "basket")
    before = dict(zip(basket.bins, basket.counts, strict=True))
    came, known = sum(live.values()), sum(before.values())
    return sum(abs(live.get(name, 0) / came - n / known) for name, n in before.items()) / 2
