"""Progress for a caller in Python: one output of a notebook, lines of a terminal, or warnings."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from packager.report.notebook_progress import MAX_LINES, MAX_TOLD, NotebookProgress, shown_progress


def test_without_a_terminal_only_warnings_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress("title") as progress:
        progress.step("training")
        progress.item("numpy", "cached", 10, 0.1)
        progress.output("a line")
        progress.warn("a file is omitted\x1b[31m")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "! a file is omitted\\u001b[31m\n")


def test_without_a_terminal_an_error_has_the_output_of_its_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails() -> None:
        with shown_progress("title") as progress:
            progress.step("making layers")
            progress.output("of an earlier step")
            progress.step("training")
            for number in range(MAX_TOLD + 5):
                progress.output(f"line {number}")
            raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        fails()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "• training"
    assert len(lines) == MAX_TOLD + 1
    assert lines[-1] == f"  │ line {MAX_TOLD + 4}"


def test_a_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with shown_progress("title") as progress:
            progress.step("training")
        terminal.flush()
        assert b"training" in os.read(ours, 1000)
    os.close(ours)


def shown() -> NotebookProgress:
    progress = NotebookProgress("churn <b>")
    progress.step("training <x>")
    progress.warn("no base & none")
    progress.item("numpy 2", "cached", 51_200_000, 1.0)
    progress.output("a line")
    return progress


def test_a_notebook_shows_the_step_the_warnings_and_the_log_escaped() -> None:
    page = shown()._repr_html_()
    assert "churn &lt;b&gt; … training &lt;x&gt;" in page
    assert "⚠ no base &amp; none" in page
    assert "numpy 2" in page
    assert "│ a line" in page.splitlines()[-1]
    assert "<progress" in page
    assert "<script" not in page
    assert "color" not in page


def test_as_text_it_is_the_step_and_the_warnings() -> None:
    assert str(shown()).splitlines() == [
        "churn <b> … training <x> (0 s)",
        "! no base & none",
    ]


def test_the_end_is_shown_also_after_an_error() -> None:
    progress = shown()
    progress.__exit__(None, None, None)
    assert "✓" in repr(progress)
    assert "<progress" not in progress._repr_html_()
    failed = shown()
    failed.__exit__(ValueError, ValueError(), None)
    assert "✗ ended at training" in repr(failed)


def test_the_log_is_bounded() -> None:
    progress = NotebookProgress("x")
    for number in range(MAX_LINES + 50):
        progress.output(str(number))
    assert len(progress.lines) == MAX_LINES
    assert progress.lines[-1].endswith(str(MAX_LINES + 49))
    assert progress.warnings == []
