"""The commands of pages that need an engine: a benchmark in a container, a folder of Compose."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from command import PACKAGE, Done, Package, package
from docs_blocks import BLOCKS, has_commands
from docs_commands import commands, reason_absent
from real_prometheus import free_port
from service_images import COMPOSE, service_images

from packager.deploy.fleet import PORTS
from packager.engine.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.slow]
MODELS = 2
"""How many models the folder of docs/deploy.md has at most."""
CHURN = """
[package]
name = "churn"
version = "1.0.0"
task = "classification"
[data]
source = "churn.csv"
target = "left"
[recipe]
train = "train:train"
[serve]
compile = "off"
"""
RULE = """
class Rule:
    def predict(self, frame):
        return ["yes" if age > 40 else "no" for age in frame["age"]]


def train(features, target, *, params, seed):
    return Rule()
"""
READY_SECONDS = 600
RETRIED = "curl -sS --fail-with-body --retry 240 --retry-delay 1 --retry-all-errors "
"""A request that waits until the model is ready."""


def typed(page: str) -> list[str]:
    """The commands of a page."""
    return [
        command
        for block in BLOCKS
        if block.page == page and has_commands(block)
        for command in commands(block.text)
    ]


def without_comment(command: str) -> str:
    return re.sub(r"\s+#.*$", "", command)


def run(command: str, folder: Path, variables: dict[str, str]) -> Done:
    """Run a command as typed; it must succeed."""
    done = subprocess.run(
        command, shell=True, executable="/bin/bash", cwd=folder, capture_output=True, text=True,
        env={**os.environ, **variables, "PATH": f"{PACKAGE.parent}:{os.environ['PATH']}"},
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("page", ["docs/bench.md"])
def test_a_package_is_measured_in_a_container(
    page: str, engine_package: Package, tmp_path: Path
) -> None:
    [command] = [without_comment(one) for one in typed(page) if reason_absent(page, one)]
    assert command == "package bench REF"
    short = "--seconds 0.5 --concurrency 1 --rows 1"
    told = run(f"{command.replace('REF', engine_package.reference)} {short}", tmp_path, {})
    assert ": container, ready in " in told.out
    assert "memory MB" in told.out


@pytest.fixture
def churn(engine: Engine, base: str, tmp_path: Path) -> Iterator[str]:
    """The tag of a second model, whose one feature is ``age``."""
    project = tmp_path / "churn"
    project.mkdir()
    ages = pd.Series(range(200)) % 80
    rows = pd.DataFrame({"age": ages, "left": ["yes" if age > 40 else "no" for age in ages]})
    rows.to_csv(project / "churn.csv", index=False)
    for name, text in (
        ("package.toml", CHURN), ("train.py", RULE), ("requirements.txt", "pandas>=2.2\n"),
    ):  # fmt: skip
        (project / name).write_text(text, encoding="utf-8")
    done = package("build", project, "--base", base, "--ready-seconds", 600, "--json")
    assert done.code == 0, done.err
    yield done.json["tag"]
    engine.remove(done.json["tag"])
    engine.remove(done.json["companion"]["tag"])


def free_ports(count: int) -> int:
    """The first of so many ports in a row, which are all free."""
    while True:
        first = free_port()
        try:
            for port in range(first, first + count):
                with socket.socket() as listening:
                    listening.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first


@pytest.mark.skipif(not COMPOSE.exists(), reason="no Compose here")
@pytest.mark.parametrize("page", ["docs/deploy.md"])
def test_the_folder_of_a_page_is_deployed(
    page: str, engine_package: Package, churn: str, base: str, tmp_path: Path
) -> None:
    """In the order of the page, on free ports, without Grafana: its image is in no package."""
    names = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT", "TRACKER_PORT", "GATEWAY_PORT")
    variables = service_images() | {name: str(free_port()) for name in names}
    port = free_ports(MODELS * PORTS)
    variables["COMPOSE_PROJECT_NAME"] = f"docs-{port}"
    here = {
        "REF --output shop --replicas 2": f"REF --output shop --replicas 2 --port {port}"
        " --without grafana",
        "REF": engine_package.reference,
        "OTHER": churn,
        "BASE": base,
        "NAME": "churn",
        "docker compose": str(COMPOSE),
        "exec issues": "exec -T issues",  # a terminal is asked for otherwise
        "curl 127.0.0.1:8000": f"{RETRIED}127.0.0.1:{variables['GATEWAY_PORT']}",
    }
    told: dict[str, str] = {}
    end = time.monotonic() + READY_SECONDS
    try:
        for written in map(without_comment, typed(page)):
            command = written
            for text, instead in here.items():
                command = re.sub(rf"\b{text}\b", instead, command)
            told[written] = run(command, tmp_path, variables).out
            while written.endswith("logs issues") and "/login/" not in told[written]:
                assert time.monotonic() < end, told[written]
                told[written] = run(command, tmp_path, variables).out
    finally:
        run(f"{COMPOSE} -f shop/compose.yml down --volumes --timeout 2", tmp_path, variables)
    [answer] = [out for command, out in told.items() if command.startswith("curl")]
    assert '"prediction":"no"' in answer
