"""The members of a built solution are those of its manifest; every change is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from solution_layers import ROWS, MadeSolution, made_solution

from packager.digest import sha256_bytes
from packager.solutions.opened import OpenedSolution, open_solution


def opened(made: MadeSolution, folder: Path) -> OpenedSolution:
    return open_solution(made.layers(folder / "in"), made.solution, made.lock, folder / "out")


def wrong(found: OpenedSolution) -> dict[str, str]:
    return {check.name: check.actual for check in found.checks if not check.ok}


def test_a_solution_as_it_was_built_is_sound(tmp_path: Path) -> None:
    found = opened(made_solution(), tmp_path)
    assert wrong(found) == {}
    assert found.sound
    assert [one.record.name for one in found.members] == ["price", "text"]
    assert found.data[sha256_bytes(ROWS)].read_bytes() == ROWS


@pytest.mark.parametrize(
    ("path", "content", "named", "said"),
    [
        ("members/text/code/train.py", b"import os\n", "member text: files", "code/train.py: exp"),
        ("members/text/code/more.py", b"x = 1\n", "member text: files", "code/more.py: expected"),
        ("members/price/models/model", b"another", "member price: files", "models/model: expect"),
        ("members/price/models/model", None, "member price: files", "models/model: expected"),
        ("members/text/package/lock.json", b"{}", "member text: records", "Python"),
        ("members/more/code/train.py", b"x = 1\n", "member more", "a folder"),
        ("solution.json", b"{}", "model/solution.json", sha256_bytes(b"{}")),
        ("solution.json", None, "model/solution.json", "missing"),
    ],
)
def test_a_changed_file_of_a_member_is_named(
    tmp_path: Path, path: str, content: bytes | None, named: str, said: str
) -> None:
    found = wrong(opened(made_solution().changed(path, content), tmp_path))
    assert list(found) == [named]
    if named != "member text: records":
        assert found[named].startswith(said)


def test_another_manifest_of_a_member_has_another_root(tmp_path: Path) -> None:
    made = made_solution()
    other = made.members[1].manifest.model_copy(update={"version": "9"})
    found = opened(made.changed("members/text/package/manifest.json", other.dump()), tmp_path)
    assert wrong(found) == {"member text: root": other.root}


def test_an_environment_with_other_wheels_is_named(tmp_path: Path) -> None:
    made = made_solution()
    lock = made.lock.model_copy(update={"members": {"text": ()}})
    assert list(wrong(opened(replace(made, lock=lock), tmp_path))) == ["member text: wheels"]
    bare = made.lock.model_copy(update={"wheels": ()})
    assert list(wrong(opened(replace(made, lock=bare), tmp_path / "2"))) == [
        "member price: wheels",
    ]


def test_a_record_that_differs_from_the_members_manifest_is_named(tmp_path: Path) -> None:
    made = made_solution()
    first = made.solution.members[0].model_copy(update={"version": "9"})
    solution = made.solution.model_copy(update={"members": (first, made.solution.members[1])})
    assert list(wrong(opened(replace(made, solution=solution), tmp_path))) == [
        "member price: record"
    ]


def test_data_that_no_member_names_or_that_was_changed_is_named(tmp_path: Path) -> None:
    made = made_solution()
    digest = sha256_bytes(ROWS)
    changed = replace(made, data={f"data/members/{digest}": b"x,y\n9,9\n"})
    assert list(wrong(opened(changed, tmp_path))) == [f"members data: {digest[:12]}"]
    other = sha256_bytes(b"more")
    more = replace(made, data={**made.data, f"data/members/{other}": b"more"})
    assert list(wrong(opened(more, tmp_path / "2"))) == [f"members data: {other[:12]}"]
    lone = replace(made, data={f"data/members/{other}": b"more"})
    assert set(wrong(opened(lone, tmp_path / "3"))) == {
        "member price: data",
        "member text: data",
        f"members data: {other[:12]}",
    }
