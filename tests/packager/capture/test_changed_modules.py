"""A module's file that has changed since its import is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.capture.changed_modules import refuse_changed
from packager.errors import UsageError

NAME = "steps_of_the_changed_modules_test"
TEXT = """
import math
LIMIT = 3
def floor(x):
    return math.floor(x)
if True:
    def inner(x):
        return x
class Step:
    def fit(self, x):
        return math.ceil(x)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / f"{NAME}.py"
    path.write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    __import__(NAME)
    yield path
    del sys.modules[NAME]


def test_an_unchanged_file_and_one_with_other_comments_pass(file: Path) -> None:
    refuse_changed({file: TEXT, file.with_name("not_loaded.py"): "def f(): pass"})
    refuse_changed({file: "# a line\n" + TEXT.replace("def fit", "# comment\n    def fit")})


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [("math.floor(x)", "math.ceil(x)", "floor"), ("math.ceil(x)", "math.ceil(x + 1)", "Step")],
)
def test_another_definition_is_named_with_the_file(
    file: Path, old: str, new: str, name: str
) -> None:
    with pytest.raises(UsageError) as raised:
        refuse_changed({file: TEXT.replace(old, new)})
    assert raised.value.message == (
        f"{file}: expected the code that the session imported, got another {name}: the file has "
        "changed since"
    )


def test_a_name_that_is_another_modules_now_is_not_compared(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[NAME], "floor", sys.intern)
    refuse_changed({file: TEXT})
