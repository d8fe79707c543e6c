from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from packager.cli.console import print_result
from packager.errors import PackageError
from packager.text import printable


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_printed(text: str):
    assert all(c.isprintable() or c in "\n\t" for c in printable(text))


@given(st.text())
def test_json_stays_the_same_json(text: str):
    written = json.dumps({"a": text}, ensure_ascii=False)
    assert json.loads(printable(written)) == {"a": text}


def test_a_title_sequence_is_shown_as_text(capsys):
    print_result("\x1b]0;owned\x07 and 日本\u202e")
    assert capsys.readouterr().out == "\\u001b]0;owned\\u0007 and 日本\\u202e\n"


def test_errors_and_output_of_others_are_shown_as_text(capsys):
    from packager.cli.console import ConsoleProgress, print_error

    ConsoleProgress().output("\x1b[2Jgone [bold]")
    print_error(PackageError("\x1b[8mhidden", "\x07bell"))
    told = capsys.readouterr().err
    assert "\x1b[2J" not in told
    assert "\\u001b[2Jgone [bold]" in told
    assert "\\u001b[8mhidden" in told
    assert "\\u0007bell" in told


def test_colons_stay_colons(capsys):
    from packager.cli.console import ConsoleProgress

    ConsoleProgress().warn("root:x:0")
    assert "root:x:0" in capsys.readouterr().err
