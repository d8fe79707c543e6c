"""The files of a test on new data: all of them, or none."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import tested_packages as made

from packager.errors import PackageError, UsageError
from packager.report import data_test_files as files
from packager.testing.markdown import MAX_BYTES
from packager.worker.test import report as reports

FOUND = made.every_family("plain")
NAMES = ["index.html", "junit.xml", "report.json", "summary.md"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_folder_gets_four_files(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    files.write_report(FOUND, out, None)
    assert names(out) == NAMES
    assert reports.DataTestReport.load(out / "report.json").dump() == FOUND.dump()
    assert ElementTree.fromstring((out / "junit.xml").read_bytes()).tag == "testsuites"
    assert (out / "summary.md").read_text().startswith("<!-- package-test/1 -->\n## ❌ plain plain")
    assert (out / "index.html").read_text().startswith("<!doctype html>")
    assert {oct((out / name).stat().st_mode & 0o777) for name in NAMES} == {"0o644"}


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    files.write_report(FOUND, tmp_path, None)
    assert names(tmp_path) == sorted([*NAMES, "mine.txt"])


@pytest.mark.parametrize("name", NAMES)
def test_if_one_file_can_not_be_written_none_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_report(FOUND, tmp_path, None)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name.startswith(f".{name}."):
            write(self, content[:100])
            raise OSError(28, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PackageError, match=f"{name}: can't be written: No space left"):
        files.write_report(made.report(), tmp_path, None)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_test_that_could_not_be_made_leaves_no_earlier_report(tmp_path: Path) -> None:
    files.write_report(FOUND, tmp_path, None)
    error = PackageError("the model's process ended", "give it more memory")
    files.write_error("oci:out", error, tmp_path, tmp_path / "more.md")
    assert names(tmp_path) == ["index.html", "junit.xml", "more.md", "summary.md"]
    top = ElementTree.fromstring((tmp_path / "junit.xml").read_bytes())
    assert (top.attrib["errors"], top.attrib["failures"]) == ("1", "0")
    for name in ("index.html", "summary.md", "more.md"):
        text = (tmp_path / name).read_text()
        assert "process ended" in text
        assert "give it more memory" in text


def test_a_summary_replaces_its_file(tmp_path: Path) -> None:
    summary = tmp_path / "deep" / "summary.md"
    for _ in range(2):
        files.write_report(made.report(), None, summary)
    assert summary.read_text().count("## ✅ stones") == 1


def test_the_summary_of_a_github_step_is_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "step.md"
    summary.write_text("earlier\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        files.write_report(made.report(), None, Path("step.md"))
    assert summary.read_text().startswith("earlier\n## ✅ stones")
    assert summary.read_text().count("## ✅ stones") == 2


def test_a_github_summary_keeps_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "step.md"
    summary.write_text("x" * (MAX_BYTES - 300))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    files.write_report(FOUND, None, summary)
    assert summary.stat().st_size <= MAX_BYTES + 1
    assert "it is in report.json" in summary.read_text()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.write_report(made.report(), None, pipe)
    assert os.read(reader, 10_000).decode().startswith("## ✅ stones")
    os.close(reader)


def test_places_that_can_not_be_written_are_found_before_the_test(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(UsageError, match=r"junit\.xml: expected a file, got a folder"):
        files.begin("ref", tmp_path, None, tmp_path / "new.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(PackageError, match="is a file"):
        files.begin("ref", tmp_path / "file" / "out", None, tmp_path / "new.csv")
    with pytest.raises(UsageError, match=r"--summary .*: expected a file, got a folder"):
        files.begin("ref", None, tmp_path, tmp_path / "new.csv")


def test_the_report_is_json_that_others_read(tmp_path: Path) -> None:
    files.write_report(FOUND, tmp_path, None)
    found = json.loads((tmp_path / "report.json").read_bytes())
    assert found["schema_version"] == "package-test/1"


def test_reports_are_not_written_among_the_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder outside the new data"):
        files.begin("ref", tmp_path / "tested", None, tmp_path)
    files.begin("ref", tmp_path / "tested", None, tmp_path / "data")
    with pytest.raises(UsageError, match="expected a file outside the new data"):
        files.begin("ref", None, tmp_path / "summary.md", tmp_path)


def test_what_began_says_that_it_did_not_end_until_it_does(tmp_path: Path) -> None:
    out, summary = tmp_path / "out", tmp_path / "summary.md"
    files.write_report(FOUND, out, summary)
    files.begin("ref", out, summary, tmp_path / "new.csv")
    assert names(out) == ["index.html", "junit.xml", "summary.md"]
    top = ElementTree.fromstring((out / "junit.xml").read_bytes())
    assert (top.attrib["errors"], top.attrib["failures"]) == ("1", "0")
    for path in (out / "index.html", out / "summary.md", summary):
        assert "the test has not ended" in path.read_text()
        assert "plain" not in path.read_text()
    files.write_report(FOUND, out, summary)
    assert names(out) == NAMES
    assert "not ended" not in summary.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_somebody_else_is_kept(name: str, tmp_path: Path) -> None:
    files.write_report(FOUND, tmp_path, None)
    (tmp_path / name).write_text("my own")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=f"{name}: expected a file that `package test` wrote"):
        files.begin("ref", tmp_path, None, tmp_path / "new.csv")
    with pytest.raises(UsageError, match="which is kept"):
        files.begin("ref", None, tmp_path / name, tmp_path / "new.csv")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_summary_that_others_share_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "step.md"
    shared.write_text("of another step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(shared))
    files.begin("ref", None, shared, tmp_path / "new.csv")
    assert shared.read_text() == "of another step\n"


def test_files_that_began_are_cleared_if_nothing_is_new(tmp_path: Path) -> None:
    files.begin("ref", tmp_path, tmp_path / "s.md", tmp_path / "new.csv")
    files.clear(tmp_path, tmp_path / "s.md")
    assert names(tmp_path) == []
