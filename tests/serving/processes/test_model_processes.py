"""What a model process is started with: its socket, its specification, its folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_models import hostile_package

from modelhost.columns import ColumnSpec
from serving.prediction.package_files import PackageFiles
from serving.processes.child import Child
from serving.processes.confinement import ModelConfinement
from serving.processes.model_environment import processes_of
from serving.processes.model_processes import model_children, model_sockets, model_spec
from serving.processes.private_socket import PrivateSocket
from serving.settings import Settings

OPEN: list[PrivateSocket] = []
"""Sockets of the test, which are closed with it."""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path / "package"))
    yield
    for one in OPEN:
        one.listening.close()
        os.close(one.path)
    OPEN.clear()


def loaded(folder: Path, processes: Any = 1, **variables: str) -> tuple[Settings, PackageFiles]:
    package = hostile_package(folder / "package", processes=processes)
    settings = Settings.from_environment({"MODEL_ROOT": str(package.root), **variables})
    return settings, PackageFiles.load(package.manifest, settings.root)


def children(
    folder: Path, processes: int = 2, given: dict[str, str] | None = None, **variables: str
) -> list[Child]:
    settings, files = loaded(folder, processes, **variables)
    home = folder / "home"
    home.mkdir()
    OPEN.extend(model_sockets(files, home))
    return model_children(settings, files, OPEN, given or {}, home)


def content(child: Child) -> dict[str, Any]:
    """The specification, as the process would read it."""
    found: dict[str, Any] = json.loads(Path(child.environment["MODELHOST_SPEC"]).read_text())
    return found


@pytest.mark.parametrize(("wanted", "expected"), [(1, 1), (3, 3), ("auto", 5)])
def test_as_many_processes_as_the_package_says_or_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Any, expected: int
) -> None:
    monkeypatch.setattr("serving.processes.model_environment.available_cpus", lambda: 5)
    _, files = loaded(tmp_path, wanted)
    assert processes_of(files.manifest.serve) == expected
    OPEN.extend(model_sockets(files, tmp_path))
    assert len(OPEN) == expected


def test_the_specification_describes_model_columns_and_limits(tmp_path: Path) -> None:
    settings, files = loaded(tmp_path, MODEL_MAX_QUEUE="7", MODEL_MAX_BATCH_ROWS="9")
    spec = model_spec(settings, files)
    (column,) = files.manifest.schema_.features
    assert spec["specs"] == [ColumnSpec.of(column).as_json()]
    assert (spec["predictor"], spec["task"]) == ("hostile:Predictor", "classification")
    assert spec["path"] == str(settings.root.model)
    assert spec["limits"]["max_rows"] == 9
    assert spec["limits"]["max_requests"] == 2 * 7 + 16  # two workers, and the compiled check
    assert (spec["known"], spec["plain"]["columns"]) == (
        None,
        [{"as": "json", "values": ["a"]}],
    )  # no golden rows


def test_the_model_changes_neither_its_specification_nor_the_heartbeats_size(
    tmp_path: Path,
) -> None:
    child, other = children(tmp_path)
    assert content(child) == content(other)
    spec = int(child.environment["MODELHOST_SPEC"].rpartition("/")[2])
    heartbeat = int(child.environment["MODELHOST_HEARTBEAT"].partition(":")[0])
    with pytest.raises(PermissionError):
        os.pwrite(spec, b"{", 0)
    for descriptor in (spec, heartbeat):
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)


def test_each_process_has_its_own_socket_folder_and_mark(tmp_path: Path) -> None:
    one, two = children(tmp_path)
    assert (one.name, two.name) == ("model process 1", "model process 2")
    assert (one.model, two.model) == (1, 2)
    assert set(one.descriptors) & set(two.descriptors) == {
        int(one.environment["MODELHOST_SPEC"].rpartition("/")[2])
    }
    for child in (one, two):
        scratch = Path(child.environment["TMPDIR"])
        assert scratch.stat().st_mode & 0o777 == 0o700
        assert child.mark == str(scratch)
        assert isinstance(child.confine, ModelConfinement)
        assert child.confine.writable == (scratch,)
        assert not child.is_worker
    assert one.mark != two.mark


def test_settings_of_the_server_reach_the_supervisor_and_not_the_process(tmp_path: Path) -> None:
    given = {"MODEL_API_KEYS_FILE": "/run/keys", "SHOP": "north"}
    limited = {"MODEL_PROCESS_MEMORY": "1G"}
    (child,) = children(tmp_path, 1, given, **limited)
    assert child.memory == 1 << 30
    assert isinstance(child.confine, ModelConfinement)
    assert (child.confine.memory, child.confine.network) == (1 << 30, False)
    assert "MODEL_API_KEYS_FILE" not in child.environment
    assert child.environment["SHOP"] == "north"


@pytest.mark.parametrize(("native", "waits"), [("eager", False), ("lazy", True)])
def test_a_lazy_process_waits_for_its_first_connection(
    tmp_path: Path, native: str, waits: bool
) -> None:
    (child,) = children(tmp_path, 1, MODEL_NATIVE=native)
    assert (child.trigger is not None) == waits
    assert child.is_triggered() != waits
    if waits:
        with socket.socket(fileno=os.dup(child.trigger or 0)) as listening:
            assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
