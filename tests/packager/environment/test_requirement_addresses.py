"""Requirements that name a path or URL, as names and addresses."""

from __future__ import annotations

import pytest
from host_samples import make_wheel

from packager.environment.requirement_addresses import (
    hashes_of_url,
    local_address,
    named_wheel,
    named_wheels,
)
from packager.errors import UsageError

DIGEST = "ab" * 32


def test_a_path_is_written_with_the_wheels_own_name_and_the_lines_extras(tmp_path):
    wheel = make_wheel(tmp_path, "own", {})
    assert local_address("./own.whl[a, b] ; os_name == 'x'", wheel) == (
        f"own[a,b] @ {wheel.as_uri()} ; os_name == 'x'"
    )
    folder = tmp_path.as_uri()
    assert local_address("-e ./x", tmp_path) == folder
    assert local_address("x @ file:///x#egg=y&subdirectory=in", tmp_path) == (
        f"x @ {folder}#subdirectory=in"
    )


def test_a_wheel_that_is_not_called_as_wheels_are_is_named(tmp_path):
    place = tmp_path / "c.whl"
    place.write_bytes(b"")
    with pytest.raises(
        UsageError, match=r"^c\.whl: expected a wheel called NAME-VERSION"
    ) as raised:
        local_address("./c.whl", place)
    assert "the name that it was built with" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://h/own_lib-1.0-py3-none-any.whl", "own-lib @ "),
        ("https://h/own_lib-1.0-py3-none-any.whl?sig=a#sha256=b ; os_name == 'x'", "own-lib @ "),
        ("https://h/own-1.0.tar.gz", ""),
        ("git+https://h/own", ""),
        ("own @ https://h/own-1.0-py3-none-any.whl", ""),
    ],
)
def test_a_bare_url_of_a_wheel_gets_its_name_so_that_hashes_apply(text: str, written: str):
    assert named_wheel(text) == written + text


def test_the_hash_in_the_url_of_a_wheel_is_one_of_the_requirement():
    url = f"https://h/own-1.0-py3-none-any.whl#sha256={DIGEST}"
    assert hashes_of_url(f"own @ {url}") == hashes_of_url(url) == f" --hash=sha256:{DIGEST}"
    assert hashes_of_url(f"https://h/own-1.0.tar.gz#sha256={DIGEST}") == ""
    assert hashes_of_url("own==1.0") == ""


def test_wheels_are_found_by_their_file():
    url = "https://h/own-1.0-py3-none-any.whl"
    assert named_wheels((f"own @ {url}#x --hash=sha256:{DIGEST}", "alpha")) == {
        "own-1.0-py3-none-any.whl": url
    }
