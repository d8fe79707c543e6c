"""Updates on a real Swarm, of tiny servers; benchmarks/swarm_rolling.py counts requests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import own_engine
import pytest
from deployed_models import MODEL, Packaged, contents
from own_engine import OwnEngine
from service_images import service_images
from stacked_models import ALONE, stack_document, stacked
from tiny_servers import server_images

from packager.deploy.prometheus.rules import MonitoredModel
from packager.errors import PackageError, UsageError
from packager.progress import NullProgress
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.swarm.update import update_swarm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.skipif(own_engine.why_not() is not None, reason=str(own_engine.why_not())),
]
NEWER = MonitoredModel(**{**vars(MODEL), "version": "2.0.0-111111111111"})
SERVICE = "s_model-diamonds-cut"
QUICK = """
version: "3.9"
services:
  model-diamonds-cut:
    healthcheck: {interval: 1s}
    deploy: {update_config: {monitor: 3s, delay: 1s}, rollback_config: {monitor: 1s}}
"""
CANDIDATE = """
import sys, time, urllib.request
from packager.engine.swarm import Swarm
from packager.progress import NullProgress
from packager.rollout.swarm.candidate import running_candidate
from packager.rollout.swarm.spec import NewVersion
name, image, proxy = sys.argv[1:]
swarm = Swarm.connect()
new = NewVersion("2", image, 512, 512)
with running_candidate(swarm, swarm.named(name), new, proxy, NullProgress()) as servers:
    for url in servers:
        assert url.startswith("http://127.0.0.1:"), url
        for _ in range(120):
            try:
                print(urllib.request.urlopen(url, timeout=10).read().decode())
                break
            except OSError:
                time.sleep(0.5)
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    images = service_images()
    with own_engine.own_engine() as found:
        found.copy_image(images["PROXY_IMAGE"])
        server_images(found)
        found.start_swarm()
        yield found


@pytest.fixture(scope="module")
def folder(engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose stack runs ``tiny:1``."""
    out = tmp_path_factory.mktemp("stack") / "out"
    stacked(out, image="tiny:1", replicas=1, parts=((), ("redis", *ALONE)))
    (out / "mine.yml").write_text(QUICK)
    command = ["docker", "stack", "deploy", "-c", out / "stack.yml", "-c", out / "mine.yml", "s"]
    engine.run(command, env={**engine.environment, **service_images()})
    return out


def update(folder: Path, image: str, **options: Any) -> UpdateResult:
    package: Any = Packaged(NEWER, image)
    asked = UpdateRequest(image, image, **{"no_gate": "a test", **options})
    return update_swarm(package, folder, asked, None, NullProgress())


def answer(engine: OwnEngine) -> str:
    """What the proxy's port answers."""
    program = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1:3000').read().decode())"
    )
    return engine.run([sys.executable, "-c", program]).stdout.strip()


def test_a_candidate_is_asked_beside_the_serving_version_and_gone_afterwards(
    engine: OwnEngine, folder: Path
) -> None:
    command = [sys.executable, "-c", CANDIDATE, SERVICE, "tiny:2", service_images()["PROXY_IMAGE"]]
    top = Path(__file__).parents[4]
    done = engine.run(command, env={**engine.environment, "PYTHONPATH": str(top)})
    assert done.stdout.split() == ["1", "2"]
    assert answer(engine) == "1"
    assert "candidate" not in engine.docker("service", "ls")
    assert "haproxy.cfg" not in engine.docker(
        "ps", "--all", "--filter", "label=model-packager.owner"
    )


def test_a_version_that_ends_is_no_candidate(
    engine: OwnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    before = contents(folder)
    with pytest.raises(PackageError, match=r"candidate: expected a running task, got one that is"):
        update(folder, "tiny:broken", no_gate="")
    assert "candidate" not in engine.docker("service", "ls")
    assert contents(folder) == {**before, **dict.fromkeys(contents(folder).keys() - before, b"")}


def test_a_broken_version_goes_back_by_itself(
    engine: OwnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    before = (folder / "stack.yml").read_bytes()
    done = update(folder, "tiny:broken")
    assert not done.done
    assert done.rolling is not None
    assert done.rolling.outcome == "failed"
    assert "rolled back after" in done.rolling.text
    assert "non-zero exit (3)" in done.rolling.text
    assert (folder / "stack.yml").read_bytes() == before
    assert answer(engine) == "1"


def test_a_version_that_never_gets_healthy_is_put_back(
    engine: OwnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setattr("packager.rollout.swarm.rolling.rolling_seconds", lambda _: 5.0)
    done = update(folder, "tiny:sick")
    assert not done.done
    assert done.rolling is not None
    assert "timed out after" in done.rolling.text
    assert "did not become healthy in time" in done.rolling.text
    image = "{{.Spec.TaskTemplate.ContainerSpec.Image}}"
    assert engine.docker("service", "inspect", "--format", image, SERVICE) == "tiny:1"
    until = time.monotonic() + 120
    while answer(engine) != "1" and time.monotonic() < until:
        time.sleep(1)  # its task, which answers though it is unhealthy, is ending
    assert answer(engine) == "1"


def test_a_new_version_serves_and_the_folder_has_it(
    engine: OwnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    done = update(folder, "tiny:2")
    assert (done.done, done.before, done.version) == (True, MODEL.version, NEWER.version)
    assert answer(engine) == "2"
    service = stack_document(folder)["services"]["model-diamonds-cut"]
    assert service["image"] == "tiny:2"
    assert (folder / "updates.jsonl").read_text().count("a test") == 1
    again = update(folder, "tiny:2")
    assert again.done
    assert again.rolling is None


def test_what_is_no_deployment_is_refused(
    engine: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    stacked(tmp_path / "other")
    with pytest.raises(UsageError, match="expected one service with the secret feedback-diamonds"):
        update(tmp_path / "other", "tiny:2")
    with pytest.raises(UsageError, match="expected a deployment of diamonds-cut, got one of no"):
        update(tmp_path / "empty", "tiny:2")
    with pytest.raises(UsageError, match="--image: expected the image as every host"):
        update(tmp_path / "other", "")
    with pytest.raises(UsageError, match="--canary: expected none for a Swarm"):
        update(tmp_path / "other", "tiny:2", canary=0.1)
