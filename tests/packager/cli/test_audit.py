"""`package audit`: what it prints, and its exit codes."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

from tests.support.command import package_here
from tests.support.hostile_pickles import Touch


def test_a_hostile_file_fails_and_a_clean_one_passes(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    done = package_here("audit", str(path))
    assert done.code == 0, done.err
    assert done.out.endswith("clean: nothing found, nothing left out\n")
    path.write_bytes(pickle.dumps(Touch(tmp_path / "canary")))
    done = package_here("audit", str(path), "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["clean"] is False
    assert "calls posix.system" in told["findings"][0]["what"]
    assert not (tmp_path / "canary").exists()


def test_wrong_options_and_absent_files_are_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(1))
    done = package_here("audit", str(path), "--vulnerabilities")
    assert done.code == 2
    assert "--vulnerabilities: expected a package or a project" in done.err


def test_a_compressed_pickle_and_a_folder_of_a_model_are_audited(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m.pkl.gz").write_bytes(gzip.compress(b"cos\ngetcwd\n)R."))
    for target in (tmp_path / "model" / "m.pkl.gz", tmp_path / "model"):
        done = package_here("audit", str(target))
        assert (done.code, "calls os.getcwd" in done.out) == (1, True), done.out


def test_a_damaged_package_is_no_folder_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "oci" / "blobs").mkdir(parents=True)
    done = package_here("audit", str(tmp_path / "oci"))
    assert done.code == 2
    assert "expected an OCI folder or an archive, got neither" in done.err
