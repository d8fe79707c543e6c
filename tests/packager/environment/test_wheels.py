from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import RecordedProgress, locked, make_wheel
from indexes import UNTOUCHED, private_index

from packager.environment.index import index_options
from packager.environment.pylock import ResolvedWheel
from packager.environment.wheels import fetch, missing, wheel_path
from packager.errors import PackageError

NO_INDEX = index_options({}, UNTOUCHED)
pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "a folder", "tool", {"tool.py": ""})


def test_a_wheel_is_kept_under_its_digest(wheel: Path, cache: Path):
    asked = locked(wheel)
    assert missing([asked]) == [asked]
    heard = RecordedProgress()
    fetch([ResolvedWheel(asked, wheel.as_uri())], NO_INDEX, heard)
    assert wheel_path(asked) == cache / "wheels" / asked.sha256 / wheel.name
    assert wheel_path(asked).read_bytes() == wheel.read_bytes()
    assert missing([asked]) == []
    assert heard.items == [(wheel.name, "fetched")]


def test_what_is_there_is_not_fetched_again(wheel: Path):
    item = ResolvedWheel(locked(wheel), wheel.as_uri())
    fetch([item], NO_INDEX, RecordedProgress())
    wheel.unlink()
    heard = RecordedProgress()
    fetch([item], NO_INDEX, heard)
    assert heard.items == []


def test_other_bytes_than_the_locked_ones_are_refused(wheel: Path, cache: Path):
    asked = locked(wheel).model_copy(update={"sha256": "0" * 64})
    with pytest.raises(PackageError) as caught:
        fetch([ResolvedWheel(asked, wheel.as_uri())], NO_INDEX, RecordedProgress())
    assert caught.value.message == (
        f"{wheel.name}: expected sha256 {'0' * 64}, got {locked(wheel).sha256}"
    )
    assert "--upgrade" in caught.value.hint
    assert missing([asked]) == [asked]
    assert [path for path in (cache / "wheels").rglob("*") if path.is_file()] == []


def test_one_bad_wheel_among_good_ones_is_reported(tmp_path: Path, wheel: Path):
    good = make_wheel(tmp_path, "good", {"good.py": ""})
    bad = locked(wheel).model_copy(update={"sha256": "0" * 64})
    items = [ResolvedWheel(locked(good), good.as_uri()), ResolvedWheel(bad, wheel.as_uri())]
    with pytest.raises(PackageError, match=r"tool-1\.0.*expected sha256"):
        fetch(items, NO_INDEX, RecordedProgress())
    assert missing([locked(good)]) == []


def test_a_private_index_is_queried_with_the_users_name(wheel: Path):
    with private_index(wheel, "me", "p@ss") as host:
        index = index_options({"index-url": f"http://me:p%40ss@{host}/simple"}, UNTOUCHED)
        fetch(
            [ResolvedWheel(locked(wheel), f"http://{host}/files/{wheel.name}")],
            index,
            RecordedProgress(),
        )
    assert missing([locked(wheel)]) == []


def test_a_download_that_fails_is_reported_without_a_password(wheel: Path):
    with private_index(wheel, "me", "p@ss") as host:
        index = index_options({"index-url": f"http://me:wrong@{host}/simple"}, UNTOUCHED)
        with pytest.raises(PackageError) as caught:
            fetch(
                [ResolvedWheel(locked(wheel), f"http://{host}/files/{wheel.name}")],
                index,
                RecordedProgress(),
            )
    assert caught.value.message == f"{wheel.name}: can't be downloaded: the server answered 401"
    assert "wrong" not in caught.value.message
    assert "requires other credentials" in caught.value.hint


def test_an_index_that_does_not_answer_is_reported(wheel: Path):
    with private_index(wheel, "me", "x") as host:
        pass
    with pytest.raises(PackageError, match=r"tool-1\.0-py3-none-any\.whl: can't be"):
        fetch(
            [ResolvedWheel(locked(wheel), f"http://{host}/files/{wheel.name}")],
            NO_INDEX,
            RecordedProgress(),
        )
