"""Generated monitoring files: read by the tools they are for, the same each time, never lossy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitoring.keys import KeyRing
from monitoring.rules import Monitored, Objectives
from packager.deploy import compose, folder
from packager.deploy.monitoring import monitoring_files
from packager.deploy.yaml_text import dump
from packager.errors import UsageError

MODEL = Monitored(
    "diamonds-cut",
    "1.0.0-3f9c12ab45de",
    "classification",
    ("__all__", "color=E", 'said "no": never'),
    ("carat", "__prediction__"),
)
IMAGE = "models/diamonds-cut:1.0.0-3f9c12ab45de"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, PLAIN, min_size=1, max_size=5))
def test_yaml_holds_any_plain_data(document: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(document)) == document


def test_long_expressions_are_written_as_a_person_would() -> None:
    text = dump({"expr": 'up{job="a"} == 0', "for": "5m", "on": True, "names": ["on", "a.b"]})
    assert text == (
        "expr: |-\n  up{job=\"a\"} == 0\nfor: \"5m\"\n'on': true\nnames:\n  - 'on'\n  - a.b\n"
    )


def written(tmp_path: Path, model: Monitored = MODEL) -> Path:
    out = tmp_path / "out"
    folder.write(out, monitoring_files(model, IMAGE))
    return out


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_prometheus_takes_configuration_and_rules(tmp_path: Path) -> None:
    out = written(tmp_path)
    done = subprocess.run(
        ["promtool", "check", "config", out / "prometheus/prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 rule files found" in done.stdout


@pytest.mark.skipif(shutil.which("amtool") is None, reason="no amtool here")
def test_alertmanager_takes_its_configuration_and_routes_pages(tmp_path: Path) -> None:
    file = written(tmp_path) / "alertmanager/alertmanager.yml"
    done = subprocess.run(
        ["amtool", "check-config", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    route = yaml.safe_load(file.read_text())["route"]
    assert [one["matchers"] for one in route["routes"]] == [['severity = "page"']]


def test_the_same_model_gives_the_same_bytes() -> None:
    assert monitoring_files(MODEL, IMAGE) == monitoring_files(MODEL, IMAGE)


def test_compose_starts_all_four_on_this_machine_only(tmp_path: Path) -> None:
    document = yaml.safe_load((written(tmp_path) / "compose.yml").read_text())
    services = document["services"]
    assert set(services) == {"state", "model", "prometheus", "alertmanager", "grafana"}
    for service in services.values():
        assert re.fullmatch(r"[a-z0-9/-]+:[\w.-]+", service["image"]), "pinned, no registry"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert services["model"]["image"] == services["state"]["image"] == IMAGE
    for name in ("prometheus", "alertmanager", "grafana"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    named = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service["volumes"]
        if not volume.startswith("./")
    }
    assert named == set(document["volumes"])
    mounted = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service["volumes"]
        if volume.startswith("./")
    ]
    assert all((tmp_path / "out" / place).is_dir() for place in mounted)


def test_every_replica_is_scraped_under_the_job_that_alerts_ask_for(tmp_path: Path) -> None:
    out = written(tmp_path)
    (job,) = yaml.safe_load((out / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert job["dns_sd_configs"][0]["type"] == "A"
    rules = (out / "prometheus/rules/diamonds-cut.yml").read_text()
    assert f'up{{job="{job["job_name"]}"}}' in rules


def drawn(model: Monitored) -> Any:
    return json.loads(monitoring_files(model, IMAGE)[f"grafana/dashboards/{model.name}.json"])


def test_the_dashboard_is_one_grafana_can_draw() -> None:
    found = drawn(MODEL)
    panels = found["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    asked = [panel for panel in panels if panel["type"] != "row"]
    for panel in asked:
        assert panel["description"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
    assert [variable["name"] for variable in found["templating"]["list"]] == [
        "datasource",
        "model",
        "version",
        "feature",
    ]


def test_the_dashboards_uid_is_the_models_whatever_the_version() -> None:
    other = Monitored(MODEL.name, "2.0.0-000000000000", "regression", ("__all__",), ())
    assert drawn(MODEL)["uid"] == drawn(other)["uid"]
    assert drawn(MODEL)["uid"] != drawn(Monitored("b", "1", "regression", ("__all__",), ()))["uid"]
    assert len(drawn(MODEL)["uid"]) <= 40


def test_a_folder_written_here_is_updated_and_foreign_files_stay(tmp_path: Path) -> None:
    out = written(tmp_path)
    (out / "mine.txt").write_text("mine")
    older = json.loads((out / folder.RECORD).read_text())
    stale = out / "prometheus/rules/gone.yml"
    stale.write_text("groups: []\n")
    record = {**older, "prometheus/rules/gone.yml": folder.sha256_bytes(b"groups: []\n")}
    (out / folder.RECORD).write_text(json.dumps(record))
    changed = Monitored(**{**vars(MODEL), "objectives": Objectives(latency_seconds=0.5)})
    written(tmp_path, changed)
    assert (out / "mine.txt").read_text() == "mine"
    assert not stale.exists()
    files = monitoring_files(changed, IMAGE)
    assert {path: (out / path).read_text() for path in files} == files


def test_a_file_somebody_changed_is_kept_and_named(tmp_path: Path) -> None:
    out = written(tmp_path)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    file = out / "alertmanager/alertmanager.yml"
    file.write_text("mine")
    with pytest.raises(UsageError, match=r"alertmanager.yml: was changed since it was written"):
        written(tmp_path, Monitored("diamonds-cut", "2", "regression", ("__all__",), ()))
    assert {path: path.read_bytes() for path in before} == {**before, file: b"mine"}


@pytest.mark.parametrize("content", ["a file", "a foreign folder", "a broken record"])
def test_another_place_is_left_as_it_is(content: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if content == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        name = folder.RECORD if content == "a broken record" else "mine.txt"
        (out / name).write_text("[1]")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="out"):
        written(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert (written(tmp_path) / "compose.yml").is_file()


def test_state_is_prepared_once_with_a_key_that_the_server_takes(tmp_path: Path) -> None:
    script = compose.PREPARE.replace("/state", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True)
    key = tmp_path / "feedback.key"
    before = key.read_bytes()
    KeyRing(key, "diamonds-cut")
    subprocess.run([sys.executable, "-c", script], check=True)
    assert key.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["feedback.key"]
    assert (tmp_path.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o770, 0o640)
