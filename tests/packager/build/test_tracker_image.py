"""The issue tracker's image: what it holds, and that it serves, confined."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request

import pytest
from serving_helpers import free_port

from packager.build.tracker_image import build_tracker_image, installed_modules, tracker_tag
from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.image.export import Destination
from packager.progress import NullProgress


def test_the_image_has_the_modules_with_pages_and_lock_and_no_starter():
    found = installed_modules()
    assert "packager/tracker/service/pages/templates/list.html" in found
    assert "packager/tracker/service/pages/static/issues.css" in found
    assert "packager/environment/shipped.lock.json" in found
    assert "modelhost/errors.py" in found
    assert not [name for name in found if name.startswith("packager/project/templates/")]


def test_the_tag_is_of_this_installation(monkeypatch, tmp_path):
    assert tracker_tag() == tracker_tag()
    changed = tmp_path / "changed.py"
    changed.write_text("1\n")
    files = installed_modules() | {"packager/errors.py": changed}
    first = tracker_tag()
    monkeypatch.setattr("packager.build.tracker_image.installed_modules", lambda: files)
    assert tracker_tag() != first


@pytest.mark.engine
def test_the_image_serves_read_only_without_capabilities_and_keeps_its_volume(engine, base):
    with temporary_directory() as folder:
        image = build_tracker_image(
            base.saved.reference, Destination("docker"), engine, folder, NullProgress()
        )
    port, volume = free_port(), "package-issues-test"
    run = ["docker", "run", "-d", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
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
            finally:
                subprocess.run(["docker", "stop", name], capture_output=True, check=True)
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
