"""The issue tracker's image: what it holds, and that it serves, confined."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request

import pytest
from serving_helpers import free_port

from packager.build.tracker_image import build_tracker_image
from packager.cache import temporary_directory
from packager.image.export import Destination
from packager.progress import NullProgress


@pytest.mark.engine
def test_the_image_serves_read_only_without_capabilities_and_keeps_its_volume(engine, base):
    with temporary_directory() as folder:
        image = build_tracker_image(base, Destination("docker"), engine, folder, NullProgress())
    port, volume = free_port(), "package-issues-test"
    run = ["docker", "run", "-d", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
           "--security-opt", "no-new-privileges", "-v", f"{volume}:/state",
           "-p", f"127.0.0.1:{port}:3080", image.name]  # fmt: skip
    tokens = []
    try:
        for _ in range(2):
            name = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
            try:
                assert answered(port, "/readyz") == {"status": "ok"}
                read = ["docker", "exec", name, "/opt/venv/bin/python", "-c",
                        "print(open('/state/admin.token').read())"]  # fmt: skip
                done = subprocess.run(read, capture_output=True, text=True, check=True)
                tokens.append(done.stdout)
                ask = ["docker", "exec", name, "python", "-m", "packager.cli", "issues", "list",
                       "--json"]  # fmt: skip
                done = subprocess.run(ask, capture_output=True, text=True, check=True)
                assert json.loads(done.stdout)["issues"] == []
            finally:
                subprocess.run(["docker", "stop", name], capture_output=True, check=True)
                # Only this waits until the volume is free; `run --rm` removes it some time later.
                subprocess.run(["docker", "rm", name], capture_output=True, check=True)
    finally:
        subprocess.run(["docker", "volume", "rm", volume], capture_output=True, check=True)
    assert tokens[0] == tokens[1]


def answered(port: int, path: str, seconds: float = 60) -> dict[str, str]:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                found: dict[str, str] = json.load(answer)
                return found
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)
