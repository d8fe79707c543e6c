from __future__ import annotations

from packager.runners.server_log import last_lines, startup_error

LOG = """\
{"level":"info","message":"starting"}
plain text
{"level":"error","message":"failed","exception":["ValueError < a.py:1 in f"]}
{"level":"error","message":"no module named 'a'","hint":"add what provides 'a'"}
[1]
"""


def test_the_last_error_with_a_hint_is_the_servers_own() -> None:
    found = startup_error(LOG)
    assert found is not None
    assert (found.message, found.hint) == ("no module named 'a'", "add what provides 'a'")
    assert startup_error("plain\n{}\n") is None
    assert startup_error("") is None


def test_the_last_lines_are_for_people() -> None:
    assert last_lines(LOG) == (
        "starting\nplain text\nfailed\n  ValueError < a.py:1 in f\nno module named 'a'\n[1]"
    )
    assert last_lines(LOG, 3) == "[1]"[-3:]
