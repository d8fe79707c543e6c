from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from solution_layers import CODE, made_solution
from trust_samples import ABSENT, TOP, layer_of

from packager.image.environments import environment_entries
from packager.image.layer_entries import copy_members
from packager.image.layers import plain_layer
from packager.image.wheels import WheelFolder
from packager.run.member_stage import member_examination
from packager.solutions.opened import open_solution
from packager.trust.contents import ImageContents
from packager.trust.examine import Examination

FOLDER = WheelFolder((ABSENT,), (), ("bin/tool", "include/shop/a.h", "lib/python3.11/x.py"))
SCRIPT = {TOP: {"bin/tool": b"#!python\nx = 1\n"}}


def entries(home: str) -> list[Any]:
    return environment_entries(home, "3.11", "/usr/bin/python3.11", [FOLDER], SCRIPT)


@pytest.fixture
def examined(tmp_path: Path) -> Examination:
    made = made_solution()
    layers = [
        layer_of(tmp_path, "shop wheels", {f"{TOP}/x": b""}),
        layer_of(tmp_path, "model environment", {"opt/model/own": b""}),
        plain_layer("member text environment", tmp_path / "env.tar", entries("opt/members/text")),
        layer_of(tmp_path, "code", {"code/flow.py": b""}),
        *made.layers(tmp_path / "layers"),
        layer_of(tmp_path, "package", {"package/manifest.json": b""}),
        layer_of(tmp_path, "data", {"data/source/x": b""}),
    ]
    contents = ImageContents(tuple(layers), {}, ())
    return Examination(made.lock, (), contents, None, (), {}, False)


def staged(examined: Examination, name: str, folder: Path) -> dict[str, Any]:
    """Layer → its files, of the stage of a member."""
    made = made_solution()
    layers = examined.contents.layers
    opened = open_solution(layers, made.solution, made.lock, folder / "members")
    (member,) = [one for one in opened.members if one.record.name == name]
    place = folder / name
    place.mkdir()
    found = member_examination(examined, member, place)
    return {
        layer.name: {e.name: e for e in copy_members([layer]) if e.source or e.link}
        for layer in found.contents.layers
    }


def test_a_member_has_its_own_files_in_place_of_the_solutions(
    examined: Examination, tmp_path: Path
) -> None:
    found = staged(examined, "price", tmp_path)
    assert list(found) == ["shop wheels", "model environment", "code", "model", "package"]
    assert found["code"]["code/train.py"].source == CODE
    assert list(found["model"]) == ["models/model"]
    assert list(found["package"]) == ["package/lock.json", "package/manifest.json"]


def test_the_environment_of_a_member_moves_to_the_models(
    examined: Examination, tmp_path: Path
) -> None:
    found = staged(examined, "text", tmp_path)["model environment"]
    assert "opt/model/own" not in found
    wanted = {entry.name: entry for entry in entries("opt/model")}
    assert found.keys() == wanted.keys()
    for name, entry in wanted.items():
        assert (found[name].source, found[name].link) == (entry.source, entry.link), name
