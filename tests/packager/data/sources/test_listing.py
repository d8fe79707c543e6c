"""Which files a source consists of: links are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager.data.frames import read
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, TableReadOptions

NAMED = TableReadOptions(columns={"image": ColumnReading(kind="bytes", files="images")})


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_links_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"images/a.png": b"A", "outside": b"S"})
    (tmp_path / "rows.csv").write_text("image,y\na.png,1\n")
    (tmp_path / "images/b.png").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match=r"b\.png: expected a file or a folder, got a link"):
        read(tmp_path / "rows.csv", NAMED)
    (tmp_path / "images/b.png").unlink()
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    (tmp_path / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"expected the folder of its files at .*, got a link"):
        read(tmp_path / "rows.csv", NAMED)


@pytest.mark.slow
def test_a_folder_that_may_not_be_listed_is_refused_with_its_user(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.mkdir()
    (table / "a.parquet").touch()
    table.chmod(0o000)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from packager.data.sources.listing import _visible\n"
        "os.geteuid() or os.setresuid(65532, 65532, 65532)\n"
        "list(_visible(Path('table'), set(), set()))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    table.chmod(0o700)
    assert "UsageError: table: expected a folder that user " in done.stderr
    assert "can read, got Permission denied" in done.stderr
