"""Which input each column gets."""

from __future__ import annotations

from tried_packages import EXTRAS, FEATURES

from packager.manifest.manifest import Column, Schema
from serving.try_page.controls import MAX_SUGGESTIONS, Control, controls_of

SCHEMA = Schema(features=FEATURES, extras=EXTRAS)


def by_name(*, strict: bool = False) -> dict[str, Control]:
    return {one.column.name: one for one in controls_of(SCHEMA, strict=strict)}


def test_each_kind_of_column_has_its_input() -> None:
    found = by_name()
    assert {name: found[name].kind for name in found if len(name) < 10} == {
        "number": "number",
        "whole": "number",
        "flag": "checkbox",
        "colour": "choice",
        "many": "suggestion",
        "day": "date",
        "clock": "time",
        "price": "line",
        "naive": "moment",
        "aware": "line",
        "anything": "line",
        "picture": "file",
        "pixels": "json",
        "words": "json",
        "rate": "number",
        "shop": "choice",
    }
    (free,) = [one for name, one in found.items() if len(name) >= 10]
    assert free.kind == "text"


def test_known_values_are_open_unless_others_are_refused() -> None:
    assert by_name()["colour"].is_open
    assert not by_name(strict=True)["colour"].is_open
    fatal = FEATURES[3].model_copy(update={"fatal": ("unseen",), "refuses": ("unseen",)})
    (closed,) = controls_of(Schema(features=(fatal,)), strict=False)
    assert not closed.is_open


def test_null_has_a_box_where_an_empty_input_is_a_value() -> None:
    found = by_name()
    boxes = {name for name, one in found.items() if one.has_null_box and len(name) < 10}
    assert boxes == {"flag", "many", "anything", "picture"}
    strict = by_name(strict=True)
    assert not strict["flag"].has_null_box
    assert {name for name, one in strict.items() if one.needs_input} == {
        "whole",
        "colour",
        "pixels",
    }


def test_optional_and_extra_columns_may_stay_empty() -> None:
    found = by_name(strict=True)
    assert found["rate"].optional
    assert found["shop"].extra
    assert not found["shop"].needs_input
    assert found["shop"].is_open  # no value of a column that the model doesn't get is refused


def test_the_number_of_suggestions_is_bounded_and_fields_are_numbered() -> None:
    known = tuple(f"v{at}" for at in range(5_000))
    column = Column(name="a", kind="string", dtype="str", nullable=True, categories=known)
    (control,) = controls_of(Schema(features=(column,)), strict=False)
    assert len(control.choices) == MAX_SUGGESTIONS
    assert (control.field(), control.field("null")) == ("c0", "c0.null")
