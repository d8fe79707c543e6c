from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracking_stub import TrackingStub, tracking_stub

from packager.client.tracking_server import ARTIFACTS, TrackingServer
from packager.errors import PackageError, UsageError
from packager.project.mlflow.artifacts import download_model

HERE = "mlflow-artifacts:/1/m/artifacts"


@pytest.fixture
def stub() -> Iterator[TrackingStub]:
    with tracking_stub() as found:
        found.files |= {
            "1/m/artifacts/MLmodel": b"flavors: {}",
            "1/m/artifacts/code/a/b.py": b"x = 1",
        }
        yield found


def download(stub: TrackingStub, folder: Path, *addresses: str) -> None:
    download_model(addresses or (HERE,), TrackingServer(stub.url, {}), folder)


def test_every_file_is_written_where_it_belongs(stub: TrackingStub, tmp_path: Path) -> None:
    download(stub, tmp_path, "mlflow-artifacts:/1/none/artifacts", HERE)
    assert (tmp_path / "MLmodel").read_bytes() == b"flavors: {}"
    assert (tmp_path / "code/a/b.py").read_bytes() == b"x = 1"


def test_a_folder_without_a_model_is_refused(stub: TrackingStub, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a model with the file MLmodel at mlflow-art"):
        download(stub, tmp_path, "mlflow-artifacts:/1/none/artifacts")


def test_a_file_of_another_size_is_refused(stub: TrackingStub, tmp_path: Path) -> None:
    stub.sizes["1/m/artifacts/code/a/b.py"] = 50
    with pytest.raises(PackageError, match=r"b\.py: expected 50 bytes, got 5"):
        download(stub, tmp_path)


@pytest.mark.parametrize("name", ["..", ".", "", "a/..", "a\\b", "a\0b"])
def test_names_that_leave_the_folder_are_refused(
    stub: TrackingStub, tmp_path: Path, name: str
) -> None:
    listed = {"files": [{"path": name, "is_dir": False, "file_size": 1}]}
    stub.raw[ARTIFACTS] = (200, json.dumps(listed).encode())
    with pytest.raises(PackageError, match="expected names of a model's files"):
        download(stub, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_name_twice_is_refused(stub: TrackingStub, tmp_path: Path) -> None:
    listed = {"files": [{"path": "a", "is_dir": True}, {"path": "a", "is_dir": False}]}
    stub.raw[ARTIFACTS] = (200, json.dumps(listed).encode())
    with pytest.raises(PackageError, match="got a twice"):
        download(stub, tmp_path)


def test_a_folder_without_end_is_refused(stub: TrackingStub, tmp_path: Path) -> None:
    stub.raw[ARTIFACTS] = (200, b'{"files": [{"path": "again", "is_dir": true}]}')
    with pytest.raises(UsageError, match="20 folders deep"):
        download(stub, tmp_path)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://bucket/1/m", "got s3://bucket/1/m"),
        ("mlflow-artifacts://elsewhere:5000/1/m", "got those of elsewhere:5000"),
        ("", "got none"),
    ],
)
def test_other_stores_are_refused_by_name(
    stub: TrackingStub, tmp_path: Path, address: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        download(stub, tmp_path, address)
    assert caught.value.hint


def test_a_server_elsewhere_chooses_no_file_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("x")
    server = TrackingServer("http://tracking.example:5000", {})
    with pytest.raises(UsageError, match="a path of its own machine"):
        download_model((f"file://{tmp_path}",), server, tmp_path / "new")


def test_a_server_of_this_machine_names_its_folders(stub: TrackingStub, tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "new"
    kept.mkdir()
    folder.mkdir()
    (kept / "MLmodel").write_text("x")
    download(stub, folder, kept.as_uri())
    assert (folder / "MLmodel").read_text() == "x"
    (kept / "out").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="link"):
        download(stub, folder, str(kept))
