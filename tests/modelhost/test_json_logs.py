"""Every line that a process logs is one JSON object, and none has values of rows."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhost.json_logs import JsonFormatter

TOP = Path(__file__).parents[2]
SECRET = "a value of a row"
BEGIN = """
import logging, sys, threading, warnings
from modelhost.json_logs import to_json
own = logging.getLogger("own")
own.addHandler(logging.StreamHandler(sys.stdout))
to_json()
"""


def logged(code: str) -> list[dict[str, Any]]:
    """The lines that a process logs."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], cwd=TOP, capture_output=True, text=True
    )
    assert done.stdout == ""
    assert SECRET not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("shop", logging.WARNING, __file__, 1, message, arguments, None)
    vars(made).update(more)
    return made


def test_a_record_is_one_line_in_ascii() -> None:
    text = JsonFormatter().format(record("two\nlines and %s", "ü"))
    assert text.isascii()
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "two\nlines and ü"
    assert (line["level"], line["logger"]) == ("warning", "shop")
    assert line["time"].endswith("Z")


def test_fields_are_added_whatever_they_hold() -> None:
    line = json.loads(JsonFormatter().format(record("x", fields={"at": Path("/x"), "n": 1})))
    assert (line["at"], line["n"]) == ("/x", 1)


def test_a_record_without_a_process_has_none() -> None:
    assert "process" not in json.loads(JsonFormatter().format(record("x", process=None)))


def test_an_exception_is_logged_by_type_and_place() -> None:
    (line,) = logged(
        f"try:\n    raise ValueError({SECRET!r})\nexcept ValueError:\n"
        "    logging.getLogger('serving').exception('it failed')"
    )
    assert line["message"] == "it failed"
    assert any("ValueError" in part for part in line["exception"])


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (f"raise KeyError({SECRET!r})", "the process ends", "KeyError"),
        (
            f"def run(): raise OSError({SECRET!r})\nt = threading.Thread(target=run)\n"
            "t.start()\nt.join()",
            "a thread ends",
            "OSError",
        ),
        (
            f"class A:\n    def __del__(self): raise TypeError({SECRET!r})\nA()",
            "an exception is ignored",
            "TypeError",
        ),
    ],
)
def test_what_nothing_catches_is_logged_without_its_message(
    code: str, message: str, kind: str
) -> None:
    (line,) = logged(code)
    assert (line["level"], line["logger"], line["message"]) == ("error", "serving", message)
    assert any(kind in part for part in line["exception"])


def test_the_end_of_a_process_by_itself_is_no_error() -> None:
    assert logged("raise SystemExit(3)") == []


def test_a_warning_is_named_by_kind_and_place() -> None:
    (line,) = logged(f"warnings.warn({SECRET!r}, DeprecationWarning, stacklevel=1)\nx = 1") or [{}]
    assert line["message"].startswith("DeprecationWarning at ")


def test_handlers_that_were_there_before_are_replaced_and_each_line_is_logged_once() -> None:
    lines = logged(
        "own.error('own')\nlogging.getLogger('late').error('late')\nlogging.error('root')"
        "\nlogging.getLogger('serving').info('ours')\nlogging.getLogger('late').info('unheard')"
    )
    found = [(line["logger"], line["message"]) for line in lines]
    assert found == [("own", "own"), ("late", "late"), ("root", "root"), ("serving", "ours")]
