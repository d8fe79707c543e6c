from __future__ import annotations

import pytest

from packager.solutions.module_names import may_define


@pytest.mark.parametrize(
    "text",
    [
        "def run(rows, members): ...",
        "async def run(rows, members): ...",
        "class run: ...",
        "run = 1",
        "for run in range(3): ...",
        "import run",
        "from other import flow as run",
        "from other import *",
        "def __getattr__(name): ...",
        "globals().update(run=1)",
        "if True:\n    def run(): ...",
    ],
)
def test_a_name_that_may_be_there(text: str) -> None:
    assert may_define(text, "run")[0]


def test_a_name_that_is_not_there_and_the_functions_that_are() -> None:
    text = "import os.path\nflow = 1\ndef ran(): ...\nasync def go(): ...\n"
    assert may_define(text, "run") == (False, ["ran", "go"])


@pytest.mark.parametrize("text", ["def run((", "a = 1\0"])
def test_text_that_is_no_python(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        may_define(text, "run")
