"""What a start compares is kept by the digests of the layers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built_packages import Built, built

from packager.cache import cache_directory
from packager.image.export import write_oci
from packager.image.file_list import FileList
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.reference import open_reference
from packager.trust import verified
from packager.trust.file_summary import FileSummary, keep_summary, known_summary
from packager.trust.verified import run_checks

pytestmark = pytest.mark.slow

FILES = FileList({"code": "folder 755", "code/a.py": f"644 {'a' * 64}"}, {})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    return built(tmp_path)


def checks(folder: Path, made: Built) -> dict[str, str]:
    """Failed checks of the package and its companion."""
    write_oci(made.images(), folder)
    with open_reference(str(folder), None) as reference:
        found = run_checks(reference, companion=True)
    return {check.name: check.actual for check in found if not check.ok}


def test_a_second_start_reads_no_list(
    made: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks(tmp_path / "oci", made) == {}

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a list was read")

    monkeypatch.setattr(verified, "compared", fail)
    assert checks(tmp_path / "oci", made) == {}


def test_a_changed_layer_has_another_summary_and_its_file_is_named_each_time(
    made: Built, tmp_path: Path
) -> None:
    def planted(layer: Layer) -> Layer:
        entries = [*copy_members([layer]), Entry("code/x.py", source=b"")]
        return plain_layer(layer.name, tmp_path / "planted.tar", entries)

    assert checks(tmp_path / "oci", made) == {}
    other = made.with_layer("code", planted)
    for _ in range(2):
        assert "file /code/x.py" in checks(tmp_path / "oci", other)


def test_settings_are_compared_each_time(made: Built, tmp_path: Path) -> None:
    assert checks(tmp_path / "oci", made) == {}
    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference:
        reference.config["config"]["User"] = "0"
        assert [one.name for one in run_checks(reference) if not one.ok] == ["image: User"]


def test_a_damaged_summary_is_made_again(made: Built, tmp_path: Path) -> None:
    assert checks(tmp_path / "oci", made) == {}
    kept = list(cache_directory("summaries").iterdir())
    for place in kept:
        place.write_bytes(b"{")
    assert checks(tmp_path / "oci", made) == {}
    assert all(json.loads(place.read_bytes())["image"] for place in kept)


def test_the_order_and_place_of_layers_are_part_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    keep_summary(["a", "b"], ["c"], FILES)
    assert known_summary(["a", "b"], ["c"]) == FileSummary.of(FILES)
    for image, above in ((["b", "a"], ["c"]), (["a", "b", "c"], []), (["a"], ["b", "c"])):
        assert known_summary(image, above) is None


@pytest.mark.parametrize(
    "found",
    [
        FileList({"etc/passwd": f"644 {'a' * 64}"}, {}),
        FileList({"package/x": "link /etc"}, {}),
        FileList({}, {"package/manifest.json": f"644 {'a' * 64}"}),
    ],
)
def test_files_that_no_package_has_are_never_summarised(
    found: FileList, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    assert FileSummary.of(found) is None
    keep_summary(["a"], [], found)
    assert known_summary(["a"], []) is None
