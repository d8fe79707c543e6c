from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from serving_helpers import Package, Server, free_port, start, wait_ready

from monitoring.exposition.render import Rendering
from monitoring.profile.profile import Profile
from packager.manifest.evaluation import Compilation

pytestmark = pytest.mark.server
Starter = Callable[..., Server]
FEATURES = ["carat", "color", "tables"]


def as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def rows_by_worker(server: Server) -> dict[str, float]:
    """Rows each worker process counted, from its own file."""
    server.wait_counted()
    counted: dict[str, float] = {}
    for path in (server.home / "prometheus_multiproc_dir").glob("counter_w*.db"):
        if not path.stat().st_size:
            continue  # its worker is making it
        counted[path.name] = sum(
            value
            for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))
            if "model_slice_predictions_total" in key and "__all__" in key
        )
    return counted


def test_predictions_equal_the_model_called_directly(server: Server, package: Package) -> None:
    features = package.frame[FEATURES]
    labels = package.model.predict(features)
    probabilities = package.model.predict_proba(features)
    answers = []
    for begin in range(0, len(features), 37):
        reply = server.predict(as_rows(features.iloc[begin : begin + 37]))
        assert reply.status == 200
        assert reply.json["version"] == package.manifest.tag
        answers += reply.json["predictions"]
    assert [answer["prediction"] for answer in answers] == labels.tolist()
    for answer, expected in zip(answers, probabilities, strict=True):
        given = answer["probabilities"]
        assert list(given) == ["Fair", "Good", "Ideal"]
        # A batch of other rows may change the last bits of a matrix product.
        assert list(given.values()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_one_row_without_a_compiled_form_equals_the_model_bit_by_bit(
    package: Package, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(package.root, root)
    manifest = package.manifest.model_copy(update={"compiled": Compilation(verdict="off")})
    server = start(replace(package, root=root, manifest=manifest), tmp_path)
    try:
        wait_ready(server)
        for place in range(0, 400, 40):
            row = package.frame[FEATURES].iloc[[place]]
            answer = server.predict(as_rows(row)).json["predictions"][0]
            expected = package.model.predict_proba(row)[0].tolist()
            assert list(answer["probabilities"].values()) == expected
        assert server.metric("model_rows_total", form="native") == 10
        assert server.metric("model_rows_total", form="compiled") == 0
    finally:
        assert server.stop() == 0


def test_unusual_values_are_served_and_flagged(server: Server) -> None:
    row = {"carat": 100, "color": "Z", "tables": None, "shop": None}
    answer = server.predict([row]).json["predictions"][0]
    assert set(answer["flags"]) >= {"carat:out_of_range", "color:unseen", "tables:missing"}
    assert answer["prediction"] in ("Fair", "Good", "Ideal")


def test_counters_equal_what_was_sent_across_both_workers(
    package: Package, start_server: Starter
) -> None:
    server = start_server(package)
    rows = as_rows(package.frame)
    rows[0] |= {"carat": 1000, "color": "Z"}
    rows[1] |= {"color": None}
    sent: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    requests = 0
    with ThreadPoolExecutor(8) as pool:
        # One socket is shared by the workers, so it may take a while until both got a share.
        while requests < 5_000 and sorted(rows_by_worker(server).values())[-2:-1] in ([], [0.0]):
            batches = [rows[begin : begin + 9] for begin in range(0, len(rows), 9)]
            for batch, reply in zip(batches, pool.map(server.predict, batches), strict=True):
                assert reply.status == 200
                sent += batch
                answers += reply.json["predictions"]
                requests += 1
    assert server.predict([{"carat": 1}]).status == 422
    by_worker = rows_by_worker(server)
    assert len(by_worker) == 2
    assert min(by_worker.values()) > 0
    assert sum(by_worker.values()) == len(sent)
    _check_counters(server, package, pd.DataFrame(sent), answers)
    count = "model_request_duration_seconds_count"
    assert server.metric(count, route="/predict", code="2xx") == requests
    assert server.metric(count, route="/predict", code="4xx") == 1
    assert server.metric("model_request_rows_count") == requests
    assert server.metric("model_request_rows_sum") == len(sent)
    assert server.metric("model_stage_duration_seconds_count", stage="predict") == requests


def test_a_killed_worker_takes_no_counts_with_it(package: Package, start_server: Starter) -> None:
    server = start_server(package)
    rows = as_rows(package.frame)
    while sorted(rows_by_worker(server).values())[-2:-1] in ([], [0.0]):
        with ThreadPoolExecutor(8) as pool:
            assert {reply.status for reply in pool.map(server.predict, [rows] * 16)} == {200}
    counted = sum(rows_by_worker(server).values())
    os.kill(_children(server.process.pid)[0], signal.SIGKILL)
    assert server.predict(rows[:5]).status == 200
    total = server.metric("model_slice_predictions_total", slice="__all__")
    assert total == counted + 5


def _check_counters(
    server: Server, package: Package, sent: pd.DataFrame, answers: list[dict[str, Any]]
) -> None:
    predicted = Counter(answer["prediction"] for answer in answers)
    for label in ("Fair", "Good", "Ideal"):
        assert server.metric("model_predictions_total", predicted=label) == predicted[label]
    slices = {
        "__all__": len(sent),
        "large": (sent["carat"] >= 1.5).sum(),
        "color=E": (sent["color"] == "E").sum(),
        "color=other": (~sent["color"].isin(["D", "E"])).sum(),
        "shop=north": (sent["shop"] == "north").sum(),
    }
    for name, count in slices.items():
        assert server.metric("model_slice_predictions_total", slice=name) == count, name
    profile = Profile.model_validate_json((package.root / "package/profile.json").read_text())
    for feature in profile.features:
        bins = Counter(feature.bin_indices(sent[feature.name]).tolist())
        for place, label in enumerate(feature.bins):
            labels = {"feature": feature.name, "bin": label}
            assert server.metric("model_feature_observations_total", **labels) == bins[place]
            reference = server.metric("model_feature_reference_rows", **labels)
            assert reference == feature.counts[place]
    anomalies = {
        ("carat", "above_range"): (sent["carat"] == 1000).sum(),
        ("carat", "missing"): sent["carat"].isna().sum(),
        ("color", "unseen"): (sent["color"] == "Z").sum(),
        ("color", "missing"): sent["color"].isna().sum(),
    }
    for (name, kind), count in anomalies.items():
        labels = {"feature": name, "kind": kind}
        assert server.metric("model_feature_anomalies_total", **labels) == count, labels
    for reason in ("missing", "unseen", "out_of_range"):
        flagged = sum(any(f.endswith(f":{reason}") for f in a["flags"]) for a in answers)
        assert server.metric("model_flagged_rows_total", reason=reason) == flagged


def test_gauges_have_one_series_for_all_workers(server: Server, package: Package) -> None:
    assert server.metric("model_package_info", digest=package.manifest.root) == 1
    assert server.metric("model_slice_baseline_accuracy_ratio", slice="__all__") == 0.75
    assert server.metric("model_slice_baseline_effective_rows", slice="large") == 8
    lines = server.get("/metrics").body.decode().splitlines()
    ours = [line for line in lines if line.startswith("model_")]
    assert ours
    versions = {f'version="{package.manifest.tag}"', 'version="other"'}
    assert all(any(v in line for v in versions) and 'model="diamonds"' in line for line in ours)
    others = [line for line in ours if 'version="other"' in line]
    assert all(line.startswith("model_feedback_total") for line in others)
    assert not [line for line in ours if "pid=" in line]


def test_a_scrape_is_the_library_s_text_of_all_workers(server: Server) -> None:
    server.answered[0] = time.monotonic()  # what other tests asked for is to be counted by then
    server.wait_counted()
    folder = str(server.home / "prometheus_multiproc_dir")
    reply = server.get("/metrics")
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    assert reply.body == generate_latest(registry)
    assert reply.headers["content-type"] == CONTENT_TYPE_LATEST
    assert "x-request-id" in reply.headers
    head = server.request("HEAD", "/metrics")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(reply.body))
    rendering = Rendering(folder)
    assert rendering.rebuild() == reply.body
    assert rendering.cached() == reply.body


def test_a_scrape_has_no_series_but_ours_and_is_not_counted(server: Server) -> None:
    before = server.metric("model_request_duration_seconds_count")
    lines = server.get("/metrics").body.decode().splitlines()
    assert [line for line in lines if not line.startswith(("model_", "#"))] == []
    assert server.metric("model_request_duration_seconds_count") == before


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_answered(server: Server, path: str) -> None:
    assert server.get(path).status == 200


def test_the_health_check_tells_a_server_from_none(server: Server) -> None:
    def check(port: int) -> int:
        environment = {**os.environ, "MODEL_PORT": str(port)}
        return subprocess.run([sys.executable, "-m", "serving.health"], env=environment).returncode

    assert check(server.port) == 0
    assert check(free_port()) == 1


def test_schema_and_package_describe_what_is_served(server: Server, package: Package) -> None:
    described = server.get("/schema").json
    assert [column["name"] for column in described["features"]] == FEATURES
    assert server.predict(described["example"]["rows"]).status == 200
    assert server.get("/package").body == package.manifest.dump()


def test_the_docs_need_nothing_from_elsewhere(server: Server) -> None:
    assert server.get("/docs").headers["content-type"].startswith("text/html")
    assert "/predict" in server.get("/docs.json").json["paths"]
    for path in ("/static_content/swagger-ui.css", "/static_content/swagger-ui-bundle.js"):
        assert server.get(path).status == 200


def test_sigterm_lets_running_requests_finish(
    package: Package, failing_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stopped")
    server = start(failing_package, folder, MODEL_DEADLINE_SECONDS="20", MODEL_WORKERS="1")
    wait_ready(server)
    workers = _children(server.process.pid)
    assert workers
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.predict, [{"code": 4}])
        server.is_at_slow_row()
        server.process.send_signal(signal.SIGTERM)
        assert running.result().status == 200
    assert server.process.wait(60) == 0
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_nothing_is_written_into_the_package(package: Package, server: Server) -> None:
    files = sorted(path.relative_to(package.root).as_posix() for path in package.root.rglob("*"))
    assert files == [
        "code",
        "models",
        "models/model",
        "package",
        "package/compiled",
        "package/compiled/form.json",
        "package/golden.json",
        "package/manifest.json",
        "package/profile.json",
    ]


@pytest.mark.parametrize(
    ("environment", "code", "text"),
    [
        ({"MODEL_PORT": "x"}, 2, "MODEL_PORT: expected a port from 1 to 65535, got 'x'"),
        ({"MODEL_ROOT": "/nowhere"}, 1, "/nowhere/package/manifest.json: expected"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    environment: dict[str, str], code: int, text: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "serving"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == code
    (line,) = run.stderr.splitlines()
    told = json.loads(line)
    assert told["message"].startswith(text)
    assert told["hint"]


def test_a_package_that_cannot_be_loaded_ends_the_server(
    failing_package: Package, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(failing_package.root, root)
    (root / "code" / "trouble.py").write_text("import something_absent")
    broken = replace(failing_package, root=root)
    server = start(broken, tmp_path)
    assert server.process.wait(60) == 1
    last = server.lines()[-1]
    assert last["message"].startswith("importing trouble raised ModuleNotFoundError")
    assert last["hint"] == "add what provides 'something_absent' to the requirements file"


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]
