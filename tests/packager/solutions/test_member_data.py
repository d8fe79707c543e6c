from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from solution_layers import ROWS, made_solution
from trust_samples import layer_of

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.project.sections import MemberSection
from packager.solutions.member_data import data_entries, data_files, keep_data, placed

SECTION = MemberSection(name="text", package="../text")
MANIFEST = made_solution().members[0].manifest


def reference(folder: Path, files: dict[str, bytes]) -> Any:
    """A package with a companion that holds ``files``."""
    image = SimpleNamespace(layers=[layer_of(folder, "data", files)])
    return SimpleNamespace(manifest=MANIFEST, image=lambda **_: image)


def test_equal_files_of_two_members_are_kept_once(tmp_path: Path) -> None:
    found = reference(tmp_path, {"data/source/rows.csv": ROWS})
    for name in ("text", "price"):
        keep_data(SECTION.model_copy(update={"name": name}), found, tmp_path / "kept")
    digest = sha256_bytes(ROWS)
    names = [one.name for one in data_entries(tmp_path / "kept")]
    assert names == ["data", "data/members", f"data/members/{digest}"]
    kept = {digest: tmp_path / "kept" / digest}
    assert placed(MANIFEST, kept) == {"source/rows.csv": kept[digest]}


def test_a_package_without_data_keeps_none(tmp_path: Path) -> None:
    assert data_files(MANIFEST.model_copy(update={"data": "none"})) == {}
    pointer = MANIFEST.data.model_copy(update={"embed": "none"})  # type: ignore[union-attr]
    assert data_files(MANIFEST.model_copy(update={"data": pointer})) == {}
    assert data_entries(tmp_path / "nothing") == []


@pytest.mark.parametrize("content", [b"x,y\n9,9\n", None])
def test_other_data_than_the_manifest_names_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    files = {} if content is None else {"data/source/rows.csv": content}
    with pytest.raises(PackageError, match=r"text: data source/rows\.csv: expected sha256 "):
        keep_data(SECTION, reference(tmp_path, files), tmp_path / "kept")
