"""``docs/architecture.md`` and its diagrams name the existing packages and modules."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from packager.image.runtime import SERVING_MODULES, TRAINING_MODULES

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
SVG = "{http://www.w3.org/2000/svg}"
SIBLINGS = ("serving", "monitoring", "modelhost")
ROW = re.compile(r"^\| (\d) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)
NAME = re.compile(r"`([a-z_]+)(\*?)`")


def _import_rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_rules", TOP / "tests/test_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_rules"] = module  # dataclasses look up their module
    spec.loader.exec_module(module)
    return module


FLOORS: dict[str, int] = _import_rules().FLOORS
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def exists(room: str) -> bool:
    """Whether a room is a folder, a module at the root of ``packager``, or a sibling."""
    places = [room] if room in SIBLINGS else [f"packager/{room}", f"packager/{room}.py"]
    return any((TOP / place).exists() for place in places)


def rooms_there() -> set[str]:
    """Every folder and module of ``packager`` that holds code, and the siblings."""
    found = {path.stem for path in (TOP / "packager").glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in (TOP / "packager").glob("*/*.py")}
    return found | set(SIBLINGS)


def image_rooms() -> set[str]:
    """The rooms that go into the image."""
    names = [name.removeprefix("packager/") for name in SERVING_MODULES + TRAINING_MODULES]
    return {name.split("/")[0].removesuffix(".py") for name in names} - {"__init__"}


def texts(picture: str, kind: str) -> list[str]:
    """What the elements ``text`` of a class say."""
    tree = ElementTree.parse(DOCS / picture)
    found = tree.iter(f"{SVG}text")
    return ["".join(one.itertext()) for one in found if one.get("class") == kind]


def test_the_floors_are_those_of_the_import_rules() -> None:
    table = {
        name: (int(floor), column == 0)
        for floor, *columns in ROW.findall(PAGE)
        for column, names in enumerate(columns)
        for name, _ in NAME.findall(names)
    }
    assert table == {name: (floor, exists(name)) for name, floor in FLOORS.items()}


def test_every_room_has_a_floor() -> None:
    assert rooms_there() == {name for name in FLOORS if exists(name)}


def test_marked_rooms_are_those_of_the_image() -> None:
    rooms = [found for _, names, _ in ROW.findall(PAGE) for found in NAME.findall(names)]
    assert {name for name, star in rooms if star} == image_rooms()


def test_the_picture_of_rooms_has_every_room_on_its_floor() -> None:
    tree = ElementTree.parse(DOCS / "rooms.svg")
    boxes = [one for one in tree.iter(f"{SVG}rect") if float(one.get("width", 0)) > 30]
    names = [one for one in tree.iter(f"{SVG}text") if one.get("class") == "name"]
    heights = sorted({float(box.get("y", 0)) for box in boxes}, reverse=True)
    shown = {
        name.text: (heights.index(float(box.get("y", 0))), "image" in box.get("class", ""))
        for name, box in zip(names, boxes, strict=True)
    }
    assert shown == {
        name: (floor, name in image_rooms()) for name, floor in FLOORS.items() if exists(name)
    }


@pytest.mark.parametrize("module", texts("dataflow.svg", "module"))
def test_the_picture_of_data_flow_names_modules_that_exist(module: str) -> None:
    found = [
        path
        for room in ("packager", *SIBLINGS)
        for path in (TOP / room).rglob(Path(module).name)
        if path.as_posix().endswith(f"/{module}")
    ]
    assert len(found) == 1


@pytest.mark.parametrize("picture", ["rooms.svg", "dataflow.svg"])
def test_pictures_are_readable_in_light_and_dark(picture: str) -> None:
    text = (DOCS / picture).read_text(encoding="utf-8")
    assert f"]({picture})" in PAGE
    assert "prefers-color-scheme: dark" in text
    assert "<title" in text
    assert "<desc" in text


def test_files_that_the_table_of_rooms_names_exist() -> None:
    rows = re.findall(r"^\| `([a-z]+)/` \|.*\| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 15
    absent = [
        f"{room}/{file}"
        for room, files in rows
        for file in re.findall(r"`([\w/]+\.py)`", files)
        if not ((TOP / room if room in SIBLINGS else TOP / "packager" / room) / file).is_file()
    ]
    assert absent == []
