"""A base lists its Debian packages as dpkg would, with the files that are left."""

from __future__ import annotations

import hashlib
from pathlib import Path

from packager.image.base.dpkg_status import STATUS_FOLDER, write_status
from packager.image.base.packages import Deb

CONTROL = "Package: libä1\nVersion: 1:2-3\nArchitecture: amd64\nDescription: words\n .\n more\n\n"


def test_a_package_is_listed_with_its_control_file_and_the_sums_of_what_is_left(tmp_path: Path):
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/b.so.1").write_bytes(b"library")
    (tmp_path / "usr/lib/a.conf").write_bytes(b"")
    (tmp_path / "usr/lib/b.so").symlink_to("b.so.1")
    files = ("usr/lib/b.so", "usr/lib/b.so.1", "usr/lib/a.conf", "usr/bin/left-out")
    deb = Deb("libä1", "1:2-3", frozenset(), frozenset(), files, CONTROL)
    write_status(tmp_path, [deb])
    written = {path.name: path.read_text() for path in (tmp_path / STATUS_FOLDER).iterdir()}
    sums = [hashlib.md5(content).hexdigest() for content in (b"", b"library")]
    assert written == {
        "libä1": CONTROL[:-1],
        "libä1.md5sums": f"{sums[0]}  usr/lib/a.conf\n{sums[1]}  usr/lib/b.so.1\n",
    }
