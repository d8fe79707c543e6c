"""A folder for Swarm: several models, each removable, without a secret in a generated file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from deployed_models import IMAGE, MODEL, contents, deployed
from stacked_models import ALONE, PRICES, stack_document, stacked
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.deploy import generated_folder
from packager.deploy.prometheus.rules import MonitoredModel, Objectives
from packager.deploy.swarm.deploy import remove_swarm
from packager.errors import UsageError


@pytest.mark.slow
def test_equal_calls_give_equal_bytes_for_the_same_secrets(tmp_path: Path) -> None:
    stacked(tmp_path, keys=True)
    before = contents(tmp_path)
    stacked(tmp_path, keys=True)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_no_generated_file_has_a_secret(tmp_path: Path) -> None:
    stacked(tmp_path, keys=True)
    recorded = generated_folder.read_generated(tmp_path).files
    secrets = {path: text for path, text in contents(tmp_path).items() if path not in recorded}
    del secrets[generated_folder.RECORD]
    assert len(secrets) == 6
    lines = {
        line.rpartition(b":")[2]
        for text in secrets.values()
        for line in text.splitlines()
        if not line.startswith(b"#")
    }
    for path in (*recorded, generated_folder.RECORD):
        text = (tmp_path / path).read_bytes()
        assert not [line for line in lines if line in text], path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    stacked(tmp_path, keys=True)
    stacked(tmp_path, PRICES, "models/prices:2")
    file = tmp_path / "prometheus/prometheus.yml"
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tasks.model-diamonds-cut" in file.read_text()


@pytest.mark.slow
def test_a_model_joins_another_one_and_is_removed_again(tmp_path: Path) -> None:
    stacked(tmp_path)
    alone = contents(tmp_path)
    done = stacked(tmp_path, PRICES, "models/prices:2")
    assert (sorted(done.fleet.members), done.before) == (["diamonds-cut", "prices.v2"], None)
    document = stack_document(tmp_path)
    ports = [
        one["ports"][0]["published"] for one in document["services"].values() if "ports" in one
    ]
    assert ports[:2] == [3000, 3010]
    assert "prometheus-rules-prices.v2" in document["configs"]
    assert "prometheus-rules-diamonds-cut" in document["configs"]
    told = CliRunner().invoke(
        app, ["deploy", "remove", "prices.v2", "--output", str(tmp_path), "--json"]
    )
    assert told.exit_code == 0
    assert json.loads(told.stdout)["models"] == ["diamonds-cut"]
    after = contents(tmp_path)
    assert {path for path in after if path not in alone} == {
        next(path for path in after if path.startswith("tokens/feedback-prices"))
    }, "the key stays: labels of its predictions may still come"
    assert {path: after[path] for path in alone} == alone
    with pytest.raises(UsageError, match="diamonds-cut is the only model of this folder"):
        remove_swarm("diamonds-cut", tmp_path)


@pytest.mark.slow
def test_a_file_that_a_person_changed_has_another_name_in_the_swarm(tmp_path: Path) -> None:
    stacked(tmp_path)
    before = stack_document(tmp_path)["configs"]["prometheus-prometheus"]["name"]
    file = tmp_path / "prometheus/prometheus.yml"
    file.write_text(file.read_text() + "# mine\n")
    done = stacked(tmp_path)
    assert done.changed == ("prometheus/prometheus.yml",)
    assert stack_document(tmp_path)["configs"]["prometheus-prometheus"]["name"] != before


@pytest.mark.slow
def test_another_version_keeps_port_and_secrets(tmp_path: Path) -> None:
    stacked(tmp_path, keys=True)
    secrets = stack_document(tmp_path)["secrets"]
    newer = MonitoredModel(**{**vars(MODEL), "version": "2.0.0-111111111111"})
    done = stacked(tmp_path, newer, "models/diamonds-cut:2")
    document = stack_document(tmp_path)
    assert done.before == MODEL.version
    assert document["secrets"] == secrets
    service = document["services"]["model-diamonds-cut"]
    assert service["image"] == "models/diamonds-cut:2"
    assert service["deploy"]["labels"]["package.version"] == newer.version


def test_replicas_without_a_shared_store_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the part redis, as 2 replicas") as told:
        stacked(tmp_path / "out", parts=((), ("redis",)))
    assert "--with redis" in str(told.value.hint)
    assert not (tmp_path / "out").exists()
    done = stacked(tmp_path / "out", parts=((), ("redis", *ALONE)), replicas=1)
    assert done.fleet.parts == frozenset()
    assert "volumes" not in stack_document(tmp_path / "out")


@pytest.mark.slow
def test_a_folder_of_another_target_is_refused(tmp_path: Path) -> None:
    deployed(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="expected a folder of `deploy swarm`, got one of"):
        stacked(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_a_changed_file_that_would_be_replaced_is_refused(tmp_path: Path) -> None:
    stacked(tmp_path)
    (tmp_path / "prometheus/rules/diamonds-cut.yml").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="was changed since it was written"):
        stacked(tmp_path, MODEL, IMAGE, Objectives(latency_seconds=0.1))
    assert contents(tmp_path) == before
