"""The program that asks replicas, run as a container runs it, and what is read of its output."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from metrics_servers import BASE, answering, line

from packager.errors import PackageError
from packager.replicas.shadow import CHALLENGER, ROWS
from packager.rollout.asked_replicas import FETCH, parse_answers, shadow_counts


def asked(address: str) -> subprocess.CompletedProcess[str]:
    parts = urlsplit(address)
    name, port = str(parts.hostname), str(parts.port)
    command = [sys.executable, "-c", FETCH, name, port, f"{parts.path}/metrics"]
    return subprocess.run(command, input="", capture_output=True, text=True, check=False)


def test_the_lines_of_a_shadow_are_read() -> None:
    told = [line("model_package_info", 1, digest="d"), line(ROWS, 5, outcome="same")]
    told += [line(CHALLENGER, 1, challenger="2"), line("model_requests_total", 9)]
    with answering("\n".join(told) + "\n") as [url]:
        done = asked(url)
    assert done.returncode == 0, done.stderr
    [answer] = parse_answers(done.stdout, "here")
    assert "model_requests_total" not in answer
    found = shadow_counts(done.stdout, BASE["model"], BASE["version"])
    assert found.of(ROWS) == {("same",): 5.0}
    with pytest.raises(PackageError, match="expected one model version other 1"):
        shadow_counts(done.stdout, "other", "1")


@pytest.mark.parametrize("said", ["", "{}", "[1]", "nonsense"])
def test_other_output_is_told(said: str) -> None:
    with pytest.raises(PackageError, match="the router: expected answers, got"):
        parse_answers(said, "the router")
