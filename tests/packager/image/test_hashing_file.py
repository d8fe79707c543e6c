from __future__ import annotations

import hashlib
from pathlib import Path

from packager.image.hashing_file import HashingFile


def test_the_digest_is_that_of_the_bytes_on_the_disk(tmp_path: Path):
    with HashingFile(tmp_path / "file") as file:
        file.write(b"a" * 1000)
        file.write(b"b")
        assert file.tell() == 1001
    assert (tmp_path / "file").read_bytes() == b"a" * 1000 + b"b"
    assert file.digest.hexdigest() == hashlib.sha256(b"a" * 1000 + b"b").hexdigest()
