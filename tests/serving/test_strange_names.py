"""Columns, classes and values of any Unicode, over every protocol, in metrics and in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from serving_helpers import Package, Reply, Server, lay_out, make_manifest

from monitoring.stats.binning import build_profile
from packager.client.exposition import read_samples
from packager.data.frames import infer_columns
from packager.digest import canonical_json
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema, Serve

pytestmark = pytest.mark.server

RUN = "document.title='XSS'"
IMAGE = f'<img src=x onerror="{RUN}">'
SCRIPT = f"</script><script>{RUN}</script>"
NAMES = (
    *(
        "e\u0301",
        "\u00e9",
        "a\u200b",
        "a",
        "\u202eevil",
        "\U0001f600",
        "x" * 3_000,
        " lead",
        "end ",
    ),
    *("__proto__", "constructor", "toString", "rows", "token", "length", "features", "prediction"),
    *(IMAGE, SCRIPT, f"[x](javascript:{RUN})", "{{ .Labels.x }}", "${x}", "a|b*", "=1+1"),
    *('said "no"', "it's", "back\\slash", "two\nlines", "\x07bell", "a\x00b", "\u2028", ""),
)
MODEL = """
class Predictor:
    classes_ = CLASSES

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        assert list(frame.columns) == NAMES, list(frame.columns)
        sums = [int(sum(row)) for row in frame.select_dtypes("number").to_numpy()]
        return [self.classes_[total % len(self.classes_)] for total in sums]
"""
CLASSES = (IMAGE, SCRIPT, "=cmd", "\u202ex")


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Package:
    root = tmp_path_factory.mktemp("strange")
    columns: dict[str, Any] = {
        name: [place + row for row in range(40)] if place % 2 else [IMAGE, SCRIPT, "u", "v"] * 10
        for place, name in enumerate(NAMES)
    }
    frame = pd.DataFrame(columns)
    schema = Schema(features=infer_columns(frame), classes=CLASSES)
    serve = Serve(predictor="strange:Predictor", compile="off", workers=1, strict=False)
    manifest = make_manifest(schema, serve=serve)
    lay_out(root)
    text = MODEL.replace("CLASSES", repr(list(CLASSES))).replace("NAMES", repr(list(NAMES)))
    (root / "code" / "strange.py").write_text(text)
    (root / "models" / "model").write_text("")
    profile = build_profile(frame, [(c.name, c.kind) for c in schema.features])
    (root / "package" / "profile.json").write_bytes(canonical_json(profile.model_dump(mode="json")))
    rows = frame.head(1).to_dict("records")
    golden = Golden(rows=({str(k): v for k, v in rows[0].items()},), expected=())
    (root / "package" / "golden.json").write_bytes(golden.dump())
    return Package(root, manifest, frame, model=None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server(strange: Package, start_shared: Callable[..., Server]) -> Server:
    return start_shared(strange)


def post(server: Server, path: str, document: Any) -> Reply:
    reply = server.request("POST", path, json.dumps(document).encode(), "application/json")
    assert reply.status == 200, reply.body
    return reply


def expected(frame: pd.DataFrame) -> list[str]:
    sums = [int(sum(row)) for row in frame.select_dtypes("number").to_numpy()]
    return [CLASSES[total % len(CLASSES)] for total in sums]


def test_every_protocol_gives_the_same_answers(strange: Package, server: Server) -> None:
    frame = strange.frame.head(5)
    right = expected(frame)
    rows = frame.to_dict("records")
    predicted = json.loads(post(server, "/predict", {"rows": rows}).body)["predictions"]
    assert [one["prediction"] for one in predicted] == right
    assert [one["flags"] for one in predicted] == [[]] * 5
    split = {"columns": list(NAMES), "data": frame.to_numpy().tolist()}
    for body in ({"dataframe_records": rows}, {"dataframe_split": split}):
        assert json.loads(post(server, "/invocations", body).body)["predictions"] == right
    inputs = [
        {
            "name": name,
            "shape": [5, 1],
            "datatype": "INT64" if place % 2 else "BYTES",
            "data": frame[name].tolist(),
        }
        for place, name in enumerate(NAMES)
    ]
    answered = json.loads(post(server, "/v2/models/diamonds/infer", {"inputs": inputs}).body)
    assert answered["outputs"][0]["data"] == right
    told = json.loads(server.get("/schema").body)
    assert [column["name"] for column in told["features"]] == list(NAMES)


def test_metrics_keep_every_name_apart(strange: Package, server: Server) -> None:
    post(server, "/predict", {"rows": strange.frame.head(3).to_dict("records")})
    server.answered[0] = time.monotonic()
    server.wait_counted()
    text = server.get("/metrics").body.decode()
    profile = json.loads((strange.root / "package/profile.json").read_bytes())
    monitored = {feature["name"] for feature in profile["features"]}
    found = {
        sample.labels["feature"]
        for sample in read_samples(text, "")
        if sample.name == "model_feature_observations_total"
    }
    assert found == monitored
    if shutil.which("promtool"):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_page_may_run_its_viewer_only(server: Server) -> None:
    policy = server.get("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_browser_shows_the_page_and_runs_no_name(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/docs"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=20000", url], capture_output=True, check=False
    )
    shown = done.stdout.decode()
    assert "opblock" in shown  # the viewer ran, and read the document
    assert "<title>Model</title>" in shown
    assert "<title>XSS" not in shown
