from __future__ import annotations

import hashlib
from pathlib import Path

from packager.project.dvc.digests import file_digest, folder_digest


def test_a_file_is_hashed_as_it_is_or_with_the_line_ends_of_unix(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(b"a,b\r\n1,2\r\n")
    assert file_digest(file, "md5") == hashlib.md5(b"a,b\r\n1,2\r\n").hexdigest()
    assert file_digest(file, "md5-dos2unix") == hashlib.md5(b"a,b\n1,2\n").hexdigest()


def test_line_ends_of_binary_files_stay(tmp_path: Path) -> None:
    for content in (b"PAR1\0\r\n", bytes(range(128, 256)) + b"\r\n"):
        file = tmp_path / "x.parquet"
        file.write_bytes(content)
        assert file_digest(file, "md5-dos2unix") == hashlib.md5(content).hexdigest()


def test_a_folder_as_dvc_3_67_wrote_it() -> None:
    entries = {
        "p2.csv": "088080bddff990a388222cac76514af7",
        "p1.csv": "eb8505283377cfe6a10e8835f4dc527f",
    }
    assert folder_digest(entries) == "fd9675a17148168da4e47c6bad8c5a63.dir"


def test_an_empty_file_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    assert file_digest(tmp_path / "x", "md5-dos2unix") == hashlib.md5(b"").hexdigest()
