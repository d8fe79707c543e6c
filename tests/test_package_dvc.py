"""Data that a real DVC added, produced and pulled."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from command import NO_ENGINE, package
from host_samples import write_project
from peer_environments import peer_environment

from packager.errors import PackageError
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.project.files import list_files
from packager.runners.table_data import local_data

DVC = ("dvc==3.67.1",)
PIPELINE = """\
stages:
  double:
    cmd: python -c "t = open('data/visits.csv').read(); open('all.csv', 'w').write(t)"
    deps: [data/visits.csv]
    outs: [all.csv]
  parts:
    cmd: mkdir -p parts && cp data/visits.csv parts/one.csv
    deps: [data/visits.csv]
    outs: [parts]
  each:
    foreach: [de, fr]
    do:
      cmd: cp data/visits.csv ${item}.csv
      deps: [data/visits.csv]
      outs: ["${item}.csv"]
  grid:
    matrix: {size: [1, 2], kind: [a]}
    cmd: cp data/visits.csv ${item.size}-${item.kind}.csv
    deps: [data/visits.csv]
    outs: ["${item.size}-${item.kind}.csv"]
  kept_by_git:
    cmd: head -n 2 data/visits.csv > small.csv
    deps: [data/visits.csv]
    outs:
    - small.csv: {cache: false}
"""
pytestmark = [pytest.mark.long, pytest.mark.network]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    found = peer_environment("dvc", *DVC)
    monkeypatch.setenv("PATH", f"{found}:{os.environ['PATH']}")
    return found


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def repository(programs: Path, tmp_path: Path) -> Path:
    """A project with data that DVC added, a pipeline that ran, and a remote that is a folder."""
    folder = write_project(tmp_path / "project")
    (folder / "dvc.yaml").write_text(PIPELINE)
    for words in (
        "git init -q .",
        "git config user.email a@example.com",
        "git config user.name a",
        "dvc init -q",
        "dvc add -q data/visits.csv",
        "dvc repro -q",
        f"dvc remote add -q -d store {tmp_path / 'store'}",
        "dvc push -q",
        "git add -A",
        "git commit -qm data",
    ):
        run(folder, *words.split())
    return folder


def named(folder: Path, source: str) -> None:
    text = (folder / "package.toml").read_text().splitlines()
    lines = [f'source = "{source}"' if line.startswith("source") else line for line in text]
    (folder / "package.toml").write_text("\n".join(lines) + "\n")


def content(folder: Path) -> dict[str, bytes]:
    with local_data(load_project(folder), NullProgress()) as local:
        return {name: path.read_bytes() for name, path in list_files(local).data.items()}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server of the folder ``hidden``."""
    make = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "hidden"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), make)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


SOURCES = {
    "data/visits.csv.dvc": "source/visits.csv",
    "dvc.yaml#double/all.csv": "source/all.csv",
    "dvc.yaml#all.csv": "source/all.csv",
    "dvc.yaml#parts/parts": "source/one.csv",
    "dvc.yaml#each@fr/fr.csv": "source/fr.csv",
    "dvc.yaml#grid@2-a/2-a.csv": "source/2-a.csv",
}


def test_every_source_is_read_from_each_place_it_may_be_in(
    repository: Path, tmp_path: Path, web: str
) -> None:
    rows = (repository / "data/visits.csv").read_bytes()
    places = ("the workspace", "the cache", "the remote", "dvc")
    for place in places:
        if place == "the cache":
            (repository / "data/visits.csv").unlink()
            for name in ("all.csv", "fr.csv", "2-a.csv"):
                (repository / name).unlink()
            shutil.rmtree(repository / "parts")
        if place in ("the remote", "dvc"):
            shutil.rmtree(repository / ".dvc/cache", ignore_errors=True)
        if place == "dvc":  # a remote that only DVC can read
            (tmp_path / "hidden").mkdir()
            (tmp_path / "store").rename(tmp_path / "hidden/store")
            url = f"{web}/store"
            run(repository, "dvc", "remote", "modify", "-q", "store", "url", url)
        for source, name in SOURCES.items():
            named(repository, source)
            assert content(repository) == {name: rows}, (place, source)


def test_the_hints_for_an_output_that_dvc_keeps_no_copy_of(repository: Path) -> None:
    small = repository / "small.csv"
    rows = small.read_bytes()
    named(repository, "dvc.yaml#kept_by_git/small.csv")
    assert content(repository) == {"source/small.csv": rows}
    for hint in ("git checkout small.csv", "dvc repro -q kept_by_git"):
        small.unlink()
        with pytest.raises(PackageError, match="DVC keeps no copy of it") as caught:
            content(repository)
        assert " ".join(hint.replace("-q ", "").split()[:2]) in caught.value.hint
        run(repository, *hint.split())
        assert content(repository) == {"source/small.csv": rows}


def test_a_build_records_what_dvc_tracks(repository: Path, tmp_path: Path) -> None:
    starter = tmp_path / "starter"
    assert package("init", starter).code == 0
    named(starter, "data/visits.csv.dvc")
    for words in ("git init -q .", "dvc init -q", "dvc add -q data/visits.csv", "git add -A"):
        run(starter, *words.split())
    run(starter, "git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x")
    done = package("build", starter, "--output", f"oci:{tmp_path / 'image'}", env=NO_ENGINE)
    assert done.code == 0, done.err
    manifest = json.loads(package("inspect", tmp_path / "image", "--json").out)["manifest"]
    stated = (starter / "data/visits.csv.dvc").read_text()
    assert manifest["data"]["dvc"]["file"] == "data/visits.csv.dvc"
    assert manifest["data"]["dvc"]["digest"] in stated
    record = json.loads((starter / "package.build.json").read_text())
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=starter, capture_output=True, text=True, check=True
    )
    assert (record["data_git"]["commit"], record["data_git"]["dirty"]) == (
        head.stdout.strip(),
        False,
    )
    with (starter / "data/visits.csv").open("a") as file:
        file.write("web,1,1,true,yes\n")
    done = package("build", starter, "--output", f"oci:{tmp_path / 'no'}", env=NO_ENGINE)
    assert done.code == 2
    assert "as data/visits.csv.dvc states, got" in done.err
    assert "dvc checkout data/visits.csv.dvc" in done.err
