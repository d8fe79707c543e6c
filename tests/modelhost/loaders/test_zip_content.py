"""Archives that can't be read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from modelhost.loaders.zip_content import zip_content


def test_an_archive_that_is_cut_off_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as made:
        made.writestr("schema.json", "{}" * 100)
    content = (tmp_path / "m").read_bytes()
    for stop in range(4, len(content), 7):
        (tmp_path / "m").write_bytes(content[:stop])
        with pytest.raises(ValueError, match="damaged or cut off"):
            zip_content(tmp_path / "m")
