"""Containers that pages start with ``docker run``, as they are written, on this engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import PACKAGE, Done, Package, package
from docs_blocks import BLOCKS
from docs_commands import commands
from real_prometheus import free_port
from visit_rows import rows_of

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.slow]
SECONDS = 900


def command_of(page: str, start: str) -> str:
    """The one command of a page that begins so."""
    typed = [line for one in BLOCKS if one.page == f"docs/{page}.md" for line in commands(one.text)]
    [found] = [line for line in typed if line.startswith(start)]
    return re.sub(r"\s+#.*$", "", found)


def ran(command: str, folder: Path) -> Done:
    """The result of a command of a shell."""
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, check=False,
        timeout=SECONDS, env={**os.environ, "PATH": f"{PACKAGE.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(command: str, folder: Path, path: str) -> Iterator[str]:
    """The address of a container that ``command`` starts, once it answers ``path``."""
    name, port = f"docs-{uuid.uuid4().hex[:12]}", free_port()
    inside = re.search(r"-p 127\.0\.0\.1:\d+:(\d+)", command)
    published = f"-p 127.0.0.1:{port}:{inside[1] if inside else 3000}"
    command = command.replace(inside[0], "") if inside else command
    run = command.replace("docker run", f"docker run --detach --name {name} {published}")
    assert run != command
    try:
        done = ran(run, folder)
        assert done.code == 0, done.err
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS
        while not answers(url + path):
            logs = ran(f"docker logs {name} 2>&1", folder).out
            assert time.monotonic() < until, logs
            assert name in ran(f"docker ps --filter name={name}", folder).out, logs
            time.sleep(0.3)
        yield url
    finally:
        ran(f"docker rm --force --volumes {name}", folder)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_replay_with_nothing_but_the_image(engine_package: Package, tmp_path: Path) -> None:
    command = command_of("replay", "docker run").replace("IMAGE", engine_package.reference)
    done = ran(command, tmp_path)
    assert done.code == 0, done.err
    assert done.out.endswith("replay: passed\n")


def test_the_companion_tests_itself_on_a_mounted_folder(
    engine_package: Package, tmp_path: Path
) -> None:
    (tmp_path / "arrived").mkdir()
    rows = (engine_package.project / "data" / "visits.csv").read_text().splitlines(True)
    (tmp_path / "arrived" / "new.csv").write_text("".join(rows[:150]))
    command = command_of("new-data", "docker run").replace("REF", engine_package.reference)
    (tmp_path / "arrived").chmod(0o700)
    done = ran(command, tmp_path)
    refusal = "/data/new: expected a folder that user 65532 can read, got Permission denied"
    assert done.code == 1
    assert f"\nfailed: {refusal}; allow it: chmod -R a+rX FOLDER\n" in done.out
    (tmp_path / "arrived").chmod(0o755)
    (tmp_path / "arrived" / "new.csv").chmod(0o644)
    done = ran(command, tmp_path)
    assert done.code in (0, 1), done.err
    assert re.search(r"^(passed|failed|inconclusive)\b", done.out, re.MULTILINE), done.out


def test_a_container_as_vertex_starts_it(engine_package: Package, tmp_path: Path) -> None:
    command = command_of("sagemaker", "docker run").replace("IMAGE", engine_package.reference)
    with started(command, tmp_path, "/health") as url:
        body = json.dumps({"instances": rows_of(engine_package.project, 1)}).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/predict-here", body, kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert b"predictions" in answer.read()


def test_a_container_verifies_itself(
    engine_package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_KEY_PASSWORD", "")
    keys = tmp_path / "keys"
    keys.mkdir()
    keys.chmod(0o755)
    for words in (
        ("key", keys / "release.key"),
        ("sign", engine_package.reference, "--key", keys / "release.key",
         "--output", keys / "shop.sigstore.jsonl"),
        ("key", keys / "other.key"),
    ):  # fmt: skip
        done = package(*words)
        assert done.code == 0, done.err
    for file in keys.iterdir():
        file.chmod(0o644)
    command = re.sub(r"shop:1\S+", engine_package.reference, command_of("signing", "docker run"))
    with started(command, tmp_path, "/readyz"):
        pass
    done = ran(
        command.replace("release.key.pub", "other.key.pub").replace("run", "run --rm"), tmp_path
    )
    assert done.code != 0
    assert "expected the signature of" in done.err + done.out or "key" in done.err + done.out


def test_the_tracker_as_a_container(base: str, tmp_path: Path) -> None:
    made = ran(command_of("issues-service", "package issues image").replace("BASE", base), tmp_path)
    assert made.code == 0, made.err
    [tag] = re.findall(r"package-issues:[\w.-]+", made.out)
    volume = f"docs-{uuid.uuid4().hex[:12]}"
    command = command_of("issues-service", "docker run").replace("package-issues:TAG", tag)
    try:
        with started(command.replace("-v issues:", f"-v {volume}:"), tmp_path, "/readyz") as url:
            assert answers(f"{url}/livez")
    finally:
        ran(f"docker volume rm {volume}", tmp_path)
