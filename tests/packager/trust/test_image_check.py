"""An image is compared with what its manifest records, folder by folder."""

from __future__ import annotations

from host_samples import MANIFEST

from packager.image.file_list import FileList
from packager.manifest.platform import Platform
from packager.model.integrity import NO_FILE
from packager.trust.image_check import MAX_NAMED, image_checks, tree_checks

SHA = "ab" * 32
FILES = {"code": "folder 755", "code/a.py": f"644 {SHA}", "models": "folder 755"}
ADDED = {"data": "folder 755", "data/rows.csv": f"644 {SHA}"}


def recorded(files: FileList) -> Platform:
    trees, companion = files.trees()
    settings = {"User": "65532:0"}
    return Platform(
        files=(), trees=trees, companion=companion, settings=settings, proved_on="native"
    )


def wrong(found: FileList, built: FileList) -> dict[str, tuple[str, str]]:
    checks = tree_checks(found, recorded(built), built.shortened)
    return {check.name: (check.expected, check.actual) for check in checks if not check.ok}


BUILT = FileList.of([FILES], [ADDED])


def test_equal_folders_are_one_check_each() -> None:
    checks = tree_checks(BUILT, recorded(BUILT), BUILT.shortened)
    assert [(check.name, check.ok) for check in checks] == [
        ("/code", True),
        ("/models", True),
        ("companion /data", True),
    ]


def test_a_companion_that_was_not_read_is_not_compared() -> None:
    assert wrong(FileList.of([FILES]), BUILT) == {}


def test_a_changed_file_is_named_besides_its_folder() -> None:
    found = wrong(FileList.of([FILES | {"code/a.py": f"644 {'cd' * 32}"}], [ADDED]), BUILT)
    assert list(found) == ["/code", "file /code/a.py"]
    assert found["file /code/a.py"] == (f"644 {SHA[:8]}", "644 cdcdcdcd")


def test_a_file_that_is_missing_or_new_is_named() -> None:
    gone = {name: what for name, what in FILES.items() if name != "code/a.py"}
    found = wrong(FileList.of([gone], [ADDED | {"data/new.csv": f"644 {SHA}"}]), BUILT)
    assert found["file /code/a.py"] == (f"644 {SHA[:8]}", "missing")
    assert found["companion file /data/new.csv"] == (NO_FILE, f"644 {SHA[:8]}")


def test_a_change_that_the_short_list_does_not_show_fails_its_folder() -> None:
    alike = f"644 {SHA[:8]}{'0' * 56}"
    assert list(wrong(FileList.of([FILES | {"code/a.py": alike}], [ADDED]), BUILT)) == ["/code"]


def test_at_most_so_many_files_of_a_group_are_named() -> None:
    more = {f"code/{number}.py": f"644 {SHA}" for number in range(2 * MAX_NAMED)}
    assert len(wrong(FileList.of([FILES | more], [ADDED]), BUILT)) == 1 + MAX_NAMED


def test_an_image_of_another_platform_names_those_of_the_manifest() -> None:
    (check,) = image_checks({"os": "linux", "architecture": "s390x"}, MANIFEST)
    assert (check.expected, check.actual, check.ok) == ("linux/amd64", "linux/s390x", False)
