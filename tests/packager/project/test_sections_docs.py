"""``docs/package-toml.md`` documents every key and choice of ``package.toml``, and no other."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from packager.project.config import INTERNAL_FIELDS, Project

PAGE = (Path(__file__).parents[3] / "docs" / "package-toml.md").read_text(encoding="utf-8")
OPEN = frozenset(
    {
        *("recipe.accept", "recipe.params", "slices.rules", "data.read.dtypes"),
        *("test.quality.floor", "test.slices", "test.fairness.gap"),
    }
)
"""Tables whose keys a person chooses."""
ROW = re.compile(r"^\| `([\w.]+)` \|(.*)\|$", re.MULTILINE)
TABLED = dict(ROW.findall(PAGE.partition("\n## All keys\n")[2].partition("\n## ")[0]))
"""Key → the rest of its row in the table of all keys."""


def models_in(kind: Any) -> list[type[BaseModel]]:
    """The models that an annotation holds, through unions and containers."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in typing.get_args(kind) for model in models_in(part)]


def choices_in(kind: Any) -> set[str]:
    """The texts of every ``Literal`` in an annotation."""
    if typing.get_origin(kind) is Literal:
        return {value for value in typing.get_args(kind) if isinstance(value, str)}
    nested = [] if models_in(kind) else typing.get_args(kind)
    return {choice for part in nested for choice in choices_in(part)}


def keys_of(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Dotted key → annotation, of each leaf; keys of a mapping to models are written ``NAME``."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if not prefix and name in INTERNAL_FIELDS:
            continue
        key = f"{prefix}{field.alias or name}"
        nested = models_in(field.annotation)
        if not nested:
            found[key] = field.annotation
            continue
        mapping = typing.get_origin(field.annotation) is dict
        found |= keys_of(nested[0], f"{key}.NAME." if mapping else f"{key}.")
    if model.model_config.get("extra") == "allow":
        found[f"{prefix}METRIC"] = str
    return found


def written_keys(document: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted keys of a document of TOML; a column's own name becomes ``NAME``."""
    found: set[str] = set()
    for name, value in document.items():
        key = f"{prefix}NAME" if prefix in ("data.columns.", "outputs.") else f"{prefix}{name}"
        if prefix == "test.quality." and name != "floor":
            key = f"{prefix}METRIC"
        if isinstance(value, dict) and value and key not in OPEN:
            found |= written_keys(value, f"{key}.")
        else:
            found.add(key)
    return found


KEYS = keys_of(Project)


def test_the_table_names_every_key_and_no_other() -> None:
    assert set(TABLED) == set(KEYS)


@pytest.mark.parametrize("key", [key for key, kind in KEYS.items() if choices_in(kind)])
def test_the_table_lists_every_choice_of_a_key(key: str) -> None:
    assert choices_in(KEYS[key]) <= set(re.findall(r"`([^`]+)`", TABLED[key]))


@pytest.mark.parametrize("key", KEYS)
def test_the_table_names_the_default(key: str) -> None:
    """Of keys with a plain default; the others say in words what holds without them."""
    default = default_of(key)
    if isinstance(default, bool | int | float | str):
        text = str(default).lower() if isinstance(default, bool) else str(default)
        assert f"`{text}`" in TABLED[key].split("|")[0]


def default_of(key: str) -> Any:
    """The default of a leaf; None where it has none that can be written."""
    model: type[BaseModel] = Project
    for part in key.split("."):
        if part == "NAME":
            continue
        if part == "METRIC":
            return None
        name = next(n for n, f in model.model_fields.items() if (f.alias or n) == part)
        field = model.model_fields[name]
        nested = models_in(field.annotation)
        if not nested:
            return None if field.is_required() else field.default
        model = nested[0]
    raise AssertionError(f"{key} is no leaf")


def test_every_key_of_the_examples_exists() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) > 5
    used = set().union(*(written_keys(tomllib.loads(block)) for block in blocks))
    known = set(KEYS) | {"data.columns"}
    assert {key for key in used if key not in known and key not in SECTIONS} == set()


SECTIONS = frozenset({"data.read"})
"""Tables that the examples show empty."""


def test_literals_are_found_behind_unions_and_containers() -> None:
    assert choices_in(Literal["a", "b"] | None) == {"a", "b"}
    assert choices_in(tuple[Literal["a"], ...]) == {"a"}
    assert choices_in(dict[str, Literal["a"]]) == {"a"}
    assert isinstance(int | None, types.UnionType)
    assert choices_in(int | None) == set()


def test_a_key_that_is_missing_or_made_up_is_seen() -> None:
    assert {"recipe.level", "data.split.from", "data.columns.NAME.min"} <= set(KEYS)
    assert written_keys(tomllib.loads("[recipe]\nlevl = 'x'\n")) == {"recipe.levl"}
    assert written_keys(tomllib.loads("[data.columns]\nzip = { kind = 'string' }")) == {
        "data.columns.NAME.kind"
    }
