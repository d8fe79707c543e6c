"""The state of a file: its contents, without what differs each time it is written."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from modelhost.loaders.contents import file_contents, member_contents


def archive(path: Path, members: dict[str, str], year: int) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in members.items():
            made.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    return path


def test_times_and_order_of_members_are_no_state(tmp_path: Path) -> None:
    one = archive(tmp_path / "a", {"m/x": "1", "m/y": "2", "m/c.debug_pkl": "a"}, 2020)
    two = archive(tmp_path / "b", {"n/y": "2", "n/x": "1", "n/c.debug_pkl": "b"}, 2021)
    assert one.read_bytes() != two.read_bytes()
    assert member_contents(one) == member_contents(two) == {"x": b"1", "y": b"2"}
    other = archive(tmp_path / "c", {"m/x": "1", "m/y": "3"}, 2020)
    assert member_contents(other) != member_contents(one)


def test_dates_and_addresses_in_json_are_no_state(tmp_path: Path) -> None:
    def saved(name: str, date: str, shared: tuple[int, int, int]) -> object:
        config = [{"shared_object_id": one, "units": 4} for one in shared]
        text = {"config.json": json.dumps({"layers": config, "date_saved": date}), "b": ""}
        return member_contents(archive(tmp_path / name, text, 2020))

    assert saved("a", "x", (11, 12, 11)) == saved("b", "y", (7, 9, 7))
    assert saved("a", "x", (11, 12, 11)) != saved("c", "x", (7, 9, 9))


def test_the_order_of_constants_of_torchscript_is_no_state(tmp_path: Path) -> None:
    lines = ["class A(Module):", "  a : Final[int] = 1", "  b : Final[int] = 2", "  x = f()", "  y"]
    swapped = [lines[0], lines[2], lines[1], *lines[3:]]
    moved = [*lines[:3], lines[4], lines[3]]
    one, two, three = (
        member_contents(archive(tmp_path / str(at), {"code/a.py": "\n".join(text)}, 2020))
        for at, text in enumerate((lines, swapped, moved))
    )
    assert one == two != three


def test_the_files_of_a_folder_are_its_state(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(b"1")
    assert file_contents(tmp_path) == {"a/b": b"1"}
    assert file_contents(tmp_path / "a/b") == {"model": b"1"}
