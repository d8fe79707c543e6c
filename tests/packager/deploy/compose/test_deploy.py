"""Generated monitoring files: valid for their tools, deterministic, and without lost changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import IMAGE, MODEL, Packaged, contents, deployed, generated, written
from docs_blocks import BLOCKS
from service_images import COMPOSE
from typer.testing import CliRunner

from monitoring.feedback.keys import KeyRing
from packager.cli.commands import app
from packager.deploy import generated_folder
from packager.deploy.compose.deploy import (
    ComposeOptions,
    deploy_compose,
    deployed_image,
    remove_compose,
)
from packager.deploy.compose.services import PREPARE
from packager.deploy.monitoring import model_files
from packager.deploy.prometheus.rules import MonitoredModel, Objectives
from packager.errors import UsageError

pytestmark = pytest.mark.slow


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
    assert "3 rule files found" in done.stdout


@pytest.mark.skipif(shutil.which("amtool") is None, reason="no amtool here")
def test_alertmanager_takes_its_configuration_and_routes_pages(tmp_path: Path) -> None:
    file = written(tmp_path) / "alertmanager/alertmanager.yml"
    done = subprocess.run(
        ["amtool", "check-config", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    route = yaml.safe_load(file.read_text())["route"]
    assert [one["matchers"] for one in route["routes"]] == [['severity = "page"']]


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    deployed(tmp_path / "a")
    deployed(tmp_path / "b")
    deployed(tmp_path / "b")
    assert generated(tmp_path / "a") == generated(tmp_path / "b")


def test_a_folder_written_here_is_updated_and_foreign_files_stay(tmp_path: Path) -> None:
    out = written(tmp_path)
    (out / "mine.txt").write_text("mine")
    stale = out / "prometheus/stale.yml"
    stale.write_text("groups: []\n")
    record = json.loads((out / generated_folder.RECORD).read_text())
    record["files"]["prometheus/stale.yml"] = generated_folder.sha256_bytes(b"groups: []\n")
    (out / generated_folder.RECORD).write_text(json.dumps(record))
    rules = (out / "prometheus/rules/diamonds-cut.yml").read_text()
    deployed(out, objectives=Objectives(latency_seconds=0.5))
    assert (out / "mine.txt").read_text() == "mine"
    assert not stale.exists()
    assert (out / "prometheus/rules/diamonds-cut.yml").read_text() != rules


def test_a_file_the_user_changed_is_kept_and_named(tmp_path: Path) -> None:
    out = written(tmp_path)
    file = out / "prometheus/rules/diamonds-cut.yml"
    file.write_text("mine")
    before = contents(out)
    with pytest.raises(UsageError, match=r"diamonds-cut.yml: was changed since it was written"):
        written(tmp_path, MonitoredModel("diamonds-cut", "2", "regression", ("__all__",), ()))
    assert contents(out) == before


def test_a_file_the_user_changed_stays_where_nothing_new_would_be_written(tmp_path: Path) -> None:
    out = written(tmp_path)
    file = out / "alertmanager/alertmanager.yml"
    file.write_text("# mine\n" + file.read_text())
    mine = file.read_bytes()
    for _ in range(2):
        done = deployed(out, PRICES, "models/prices:2")
        assert done.changed == ("alertmanager/alertmanager.yml",)
        assert file.read_bytes() == mine
    file.unlink()  # as the refusal of another file advises
    assert deployed(out).changed == ()
    assert file.is_file()


@pytest.mark.parametrize("steps", range(1, 10))
@pytest.mark.sample(3)
def test_after_a_kill_another_call_completes_the_folder(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after any file of another model, and of another version, then asked for a third."""
    out, fine = written(tmp_path), tmp_path / "fine"
    newer = MonitoredModel(**{**vars(MODEL), "version": "2.0.0-111111111111"})
    last = MonitoredModel(**{**vars(MODEL), "version": "3.0.0-222222222222"})
    for model, objectives in ((PRICES, Objectives()), (newer, Objectives(latency_seconds=0.5))):
        with monkeypatch.context() as patched:
            _die_after(steps, patched)
            with pytest.raises(KeyboardInterrupt):
                deployed(out, model, f"models/{model.name}:2", objectives)
    deployed(out, last, "models/diamonds-cut:3")
    deployed(fine, last, "models/diamonds-cut:3")
    assert generated(out) == generated(fine)


def test_what_a_person_changed_after_a_kill_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = written(tmp_path)
    with monkeypatch.context() as patched:
        _die_after(4, patched)
        with pytest.raises(KeyboardInterrupt):
            deployed(out, objectives=Objectives(latency_seconds=0.5))
    (out / "prometheus/rules/diamonds-cut.yml").write_text("mine")
    with pytest.raises(UsageError, match="was changed since"):
        deployed(out, objectives=Objectives(latency_seconds=0.1))
    assert deployed(out).changed == ("prometheus/rules/diamonds-cut.yml",)
    assert (out / "prometheus/rules/diamonds-cut.yml").read_text() == "mine"


def _die_after(steps: int, patched: pytest.MonkeyPatch) -> None:
    """Let a call write so many files, the record among them, and no more."""
    left, write = [steps], generated_folder._write

    def some(target: Path, path: str, text: str) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        write(target, path, text)

    patched.setattr(generated_folder, "_write", some)


PRICES = MonitoredModel("prices.v2", "2.0.0-000000000000", "regression", ("__all__",), ("carat",))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_a_second_model_joins_the_first_and_leaves_it_alone(tmp_path: Path) -> None:
    out = written(tmp_path)
    alone = contents(out)
    done = deployed(out, PRICES, "models/prices:2")
    assert (sorted(done.fleet.members), done.before) == (["diamonds-cut", "prices.v2"], None)
    both = contents(out)
    own = set(model_files(MODEL))
    assert {path: both[path] for path in own} == {path: alone[path] for path in own}
    services = yaml.safe_load(both["compose.yml"])["services"]
    models = {name: one for name, one in services.items() if name.startswith("model-")}
    assert {one["image"] for one in models.values()} == {IMAGE, "models/prices:2"}
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert sorted(port for port in ports if "$" not in port)[:4] == [
        "127.0.0.1:3000:3000",
        "127.0.0.1:3001:3001",
        "127.0.0.1:3002:3002",
        "127.0.0.1:3010:3000",
    ]
    assert len({one["volumes"][0] for one in models.values()}) == 2
    *jobs, proxies, own_job = yaml.safe_load(both["prometheus/prometheus.yml"])["scrape_configs"]
    assert (proxies["job_name"], own_job["job_name"]) == ("_proxy", "issues")
    assert [job["job_name"] for job in jobs] == ["diamonds-cut", "prices.v2"]
    assert {job["dns_sd_configs"][0]["names"][0] for job in jobs} == set(models)
    again = deployed(out)
    assert again.before == MODEL.version
    assert contents(out) == both
    checked = subprocess.run(
        ["promtool", "check", "config", out / "prometheus/prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "4 rule files found" in checked.stdout


def test_another_version_replaces_the_previous_one_and_keeps_its_ports(
    tmp_path: Path,
) -> None:
    out = written(tmp_path)
    deployed(out, PRICES, "models/prices:2")
    newer = MonitoredModel(**{**vars(MODEL), "version": "2.0.0-111111111111"})
    done = deployed(out, newer, "models/diamonds-cut:2")
    assert done.before == MODEL.version
    services = yaml.safe_load((out / "compose.yml").read_text())["services"]
    assert services["model-diamonds-cut-blue"]["image"] == "models/diamonds-cut:2"
    assert services["proxy-diamonds-cut"]["ports"][0] == "127.0.0.1:3000:3000"
    assert "2.0.0-111111111111" in (out / "prometheus/tests/diamonds-cut.yml").read_text()


def test_a_change_to_one_model_s_file_does_not_stop_another(tmp_path: Path) -> None:
    out = written(tmp_path)
    (out / "prometheus/rules/diamonds-cut.yml").write_text("mine")
    deployed(out, PRICES, "models/prices:2")
    assert (out / "prometheus/rules/diamonds-cut.yml").read_text() == "mine"
    with pytest.raises(UsageError, match="was changed"):
        deployed(out, objectives=Objectives(latency_seconds=0.5))


def test_a_model_that_is_retired_is_taken_out(tmp_path: Path) -> None:
    out = written(tmp_path)
    alone = contents(out)
    with pytest.raises(UsageError, match="diamonds-cut is the only model of this folder"):
        remove_compose("diamonds-cut", out)
    deployed(out, PRICES, "models/prices:2")
    with pytest.raises(UsageError, match="expected a model of this folder, got 'prices'") as told:
        remove_compose("prices", out)
    assert "diamonds-cut, prices.v2" in told.value.hint
    done = CliRunner().invoke(
        app, ["deploy", "remove", "prices.v2", "--output", str(out), "--json"]
    )
    assert done.exit_code == 0
    assert json.loads(done.stdout)["models"] == ["diamonds-cut"]
    assert contents(out) == alone
    with pytest.raises(UsageError, match=r"expected a model of this folder, got 'prices\.v2'"):
        remove_compose("prices.v2", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", ["a file", "a foreign folder", "a broken record"])
def test_another_place_is_left_as_it_is(content: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if content == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        name = generated_folder.RECORD if content == "a broken record" else "mine.txt"
        (out / name).write_text("[1]")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="out"):
        written(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert (written(tmp_path) / "compose.yml").is_file()


def test_state_is_prepared_once_with_a_key_that_the_server_takes(tmp_path: Path) -> None:
    script = PREPARE.replace("/state", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True)
    key = tmp_path / "feedback.key"
    before = key.read_bytes()
    KeyRing(key, "diamonds-cut")
    subprocess.run([sys.executable, "-c", script], check=True)
    assert key.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["feedback.key"]
    assert (tmp_path.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o770, 0o640)


def _reference(name: str, source: str = "") -> Any:
    return Packaged(MODEL, name, source)


DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "image", ["shop:1", f"shop@{DIGEST}", f"registry.local:5000/a/b_c/shop:1.0-x@{DIGEST}", "a/b"]
)
def test_an_image_is_named_as_asked(image: str) -> None:
    assert deployed_image(image, _reference("other:1")) == image


def test_a_package_in_a_registry_is_pinned_by_its_digest() -> None:
    source = f"registry.local:5000/shop@{DIGEST}"
    assert deployed_image("", _reference("registry.local:5000/shop:1", source)) == source
    assert deployed_image("", _reference("shop:1")) == "shop:1"


@pytest.mark.parametrize(
    "image", [" ", "Shop:1", "shop:", "shop@sha256:12", "shop:1 --privileged", "-x", "a//b:$X"]
)
def test_what_names_no_image_is_refused(image: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--image: expected NAME:TAG or NAME@sha256:…, got"):
        deploy_compose(
            _reference("shop:1"), tmp_path / "out", ComposeOptions(image=image), Objectives()
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not COMPOSE.exists(), reason="no Compose here")
@pytest.mark.parametrize(
    "parts", [((), ()), (("redis",), ()), ((), ("prometheus", "alertmanager", "grafana"))]
)
def test_compose_takes_the_file_with_two_models(
    parts: tuple[tuple[str, ...], tuple[str, ...]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    deployed(out, parts=parts, replicas=3)
    deployed(out, PRICES, "models/prices:2", keys=True)
    done = subprocess.run(
        [COMPOSE, "-f", out / "compose.yml", "config", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "level=warning" not in done.stderr
    services = json.loads(done.stdout)["services"]
    assert services["model-diamonds-cut-blue"]["deploy"]["replicas"] == 3
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0, name


def test_no_secret_is_in_any_generated_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out, parts=(("redis",), ()))
    secrets = [path.read_bytes().strip() for path in (out / "tokens").iterdir()]
    assert len(secrets) == 3
    assert len(set(secrets)) == 3
    texts = [text for path, text in contents(out).items() if not path.startswith("tokens/")]
    assert not [one for one in secrets for text in texts if one in text]


def test_a_gateway_joins_and_leaves_with_its_part(tmp_path: Path) -> None:
    deployed(tmp_path / "out", parts=(("gateway",), ()))
    services = yaml.safe_load((tmp_path / "out/compose.yml").read_text())["services"]
    assert services["gateway"]["ports"] == ["127.0.0.1:${GATEWAY_PORT:-8000}:3000"]
    assert services["gateway"]["networks"] == ["default"]
    replica = services["model-diamonds-cut-blue"]["environment"]
    assert replica["MODEL_URL_PREFIX"] == "/models/diamonds-cut"
    config = (tmp_path / "out/gateway/haproxy.cfg").read_text()
    assert "server proxy proxy-diamonds-cut:3000" in config
    deployed(tmp_path / "out", parts=((), ("gateway",)))
    services = yaml.safe_load((tmp_path / "out/compose.yml").read_text())["services"]
    assert "gateway" not in services
    assert "MODEL_URL_PREFIX" not in services["model-diamonds-cut-blue"]["environment"]
    assert not (tmp_path / "out/gateway/haproxy.cfg").exists()


@pytest.mark.skipif(not COMPOSE.exists(), reason="no Compose here")
def test_compose_takes_the_variables_and_settings_of_the_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out)
    texts = [block.text for block in BLOCKS if block.page == "docs/deploy.md"]
    [variables] = [text for text in texts if text.startswith("PROMETHEUS_PORT=")]
    [setting] = [text for text in texts if text.startswith("MODEL_FEEDBACK_STORE=")]
    (out / ".env").write_text(variables.replace("…", "0" * 64), encoding="utf-8")
    (out / "settings").mkdir()
    (out / "settings" / "diamonds-cut.env").write_text(setting, encoding="utf-8")
    command = [COMPOSE, "-f", out / "compose.yml", "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    prometheus, model = services["prometheus"], services["model-diamonds-cut-blue"]
    assert [one["published"] for one in prometheus["ports"]] == ["19090"]
    assert prometheus["image"] == f"registry.example/prometheus@sha256:{'0' * 64}"
    assert model["mem_limit"] == str(2 * 2**30)
    assert model["environment"]["MODEL_FEEDBACK_STORE"] == "rediss://store.example:6379/0"
