"""Which requirements are built, by their text."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import TARGET

from packager.environment.sources import needed, parse_source
from packager.errors import UsageError

TOP = Path("/project")


@pytest.mark.parametrize(
    ("text", "kind", "recorded", "written"),
    [
        ("git+https://h/o/x.git@v1#egg=x", "git", "git+https://h/o/x.git@v1", "x"),
        ("x[a,b] @ git+https://u:p@h/x@main ; python_version > '3'", "git",
         "git+https://h/x@main", "x[a,b]"),
        ("git+ssh://git@h/o/x.git#subdirectory=py/x", "git",
         "git+ssh://git@h/o/x.git#subdirectory=py/x", "x"),
        ("git+https://TOKEN@h/x.git", "git", "git+https://h/x.git", "x"),
        ("x @ https://u:p@h/x-1.0.tar.gz?token=abc#sha256=00", "url", "https://h/x-1.0.tar.gz",
         "x"),
        ("file:///project/libs/x[dev] ; extra != 'y'", "folder", "libs/x", "x[dev]"),
        ("x @ file:///project/x-1.0.zip", "archive", "x-1.0.zip", "x"),
        ("file:///project", "folder", ".", "x"),
    ],
)  # fmt: skip
def test_a_source_is_recorded_without_credentials_and_paths(text, kind, recorded, written):
    found = parse_source(text)
    assert found is not None
    assert (found.kind, found.recorded(TOP)) == (kind, recorded)
    line = found.requirement("x", Path("/w/x-1.0-py3-none-any.whl"))
    assert line.startswith(f"{written} @ file:///w/x-1.0-py3-none-any.whl")
    assert ("; " in line) == (";" in text)


@pytest.mark.parametrize(
    "text",
    ["alpha>=1", "x @ https://h/x-1.0-py3-none-any.whl", "https://h/x-1.0-py3-none-any.whl",
     "x @ file:///w/x-1.0-py3-none-any.whl", "alpha ; python_version > '3'"],
)  # fmt: skip
def test_an_index_or_a_wheel_is_no_source(text: str):
    assert parse_source(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("git+ext://h/x", "expected git+https"),
        ("git+https://h/x@--upload-pack=evil", "expected a branch, tag or commit after @"),
        ("git+https://h/x@a..b", "expected a branch, tag or commit after @"),
        ("git+https://h/x#subdirectory=../y", "expected a folder of the source"),
    ],
)
def test_an_address_that_git_could_misread_is_refused(text: str, said: str):
    with pytest.raises(UsageError) as caught:
        parse_source(text)
    assert said in caught.value.message


def test_a_marker_is_evaluated_for_the_image():
    assert needed("", TARGET)
    assert needed("sys_platform == 'linux'", TARGET)
    assert not needed("sys_platform == 'win32'", TARGET)
    assert not needed("python_version < '3'", TARGET)
    with pytest.raises(UsageError):
        needed("what", TARGET)
