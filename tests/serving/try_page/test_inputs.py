"""The inputs as HTML: what a browser can show, what training held, where a value lies."""

from __future__ import annotations

from typing import Any

import pytest
from html_forms import SentForm
from tried_packages import FEATURES, HOSTILE

from monitoring.profile.profile import FeatureProfile
from packager.manifest.manifest import Schema
from serving.try_page.bins import FeatureBin
from serving.try_page.controls import Control, controls_of
from serving.try_page.entries import FieldEntry
from serving.try_page.inputs import InputState, input_html


def control(name: str, *, strict: bool = False, **changed: Any) -> Control:
    columns = [one.model_copy(update=changed) for one in FEATURES if one.name == name]
    return controls_of(Schema(features=tuple(columns)), strict=strict)[0]


def drawn(own: Control, entry: FieldEntry = FieldEntry(), **state: Any) -> SentForm:
    return SentForm(f"<form>{input_html(own, InputState(entry, **state))}</form>")


def types(form: SentForm) -> dict[str, str | None]:
    return {str(given.get("name")): given.get("type") for tag, given in form.tags if tag == "input"}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        *(("number", "2.5", "number"), ("number", "1e+22", "number"), ("number", "old", "text")),
        *(("day", "2024-01-31", "date"), ("day", "31.1.", "text"), ("clock", "10:30", "time")),
        *(("clock", "10:30:00.123456", "text"), ("naive", "2024-01-31T10:00", "datetime-local")),
        *(("naive", "2024-01-31T10:00:00.123456789", "text"), ("price", "1.10", "text")),
    ],
)
def test_what_a_browser_could_not_show_is_in_a_plain_input(name: str, text: str, kind: str) -> None:
    form = drawn(control(name), FieldEntry(text))
    assert types(form)["c0"] == kind
    assert form.values()["c0"] == text


def test_bounds_bind_only_where_other_values_are_refused() -> None:
    def limits(own: Control) -> tuple[str | None, str | None]:
        (given,) = [given for tag, given in drawn(own).tags if tag == "input"]
        return given.get("min"), given.get("max")

    assert limits(control("number")) == (None, None)
    assert limits(control("number", strict=True)) == ("0.0", "10.0")
    assert "a number; 0 to 10 in training" in drawn(control("number")).said
    assert "required" in input_html(control("whole", strict=True), InputState(FieldEntry()))
    assert "required" not in input_html(control("whole"), InputState(FieldEntry()))


def test_known_values_can_be_chosen_and_others_typed_if_they_are_taken() -> None:
    form = drawn(control("colour"), FieldEntry('"red"'))
    assert form.values() == {"c0": '"red"', "c0.other": ""}
    typed = drawn(control("colour"), FieldEntry("green", typed=True))
    assert typed.values() == {"c0": "", "c0.other": "green"}
    assert "the value below" in typed.said
    assert "c0.other" not in drawn(control("colour", strict=True), FieldEntry('"red"')).values()
    options = [given for tag, given in drawn(control("many")).tags if tag == "option"]
    assert len(options) == 300


def test_what_a_column_refuses_is_said() -> None:
    own = control("many", refuses=("null", "empty"))
    assert "300 known values; never empty; never null" in drawn(own).said
    assert "leave out: 1.5 is used" in drawn(control("rate")).said
    assert "an array of shape 2 x 2 (int16)" in drawn(control("pixels")).said


def test_flags_errors_and_bins_belong_to_their_input() -> None:
    profile = FeatureProfile(
        name="number",
        kind="numeric",
        edges=(5.0,),
        bins=("< 5", HOSTILE),
        counts=(30, 10),
        missing=0,
    )
    form = drawn(
        control("number"),
        FieldEntry("9"),
        flags=["out_of_range"],
        error=f"Expected {HOSTILE}",
        bins=[FeatureBin(profile, 1)],
    )
    assert "outside the range of training" in form.said
    assert f"{HOSTILE} : 25.0 % of the training rows" in form.said
    (given,) = [given for tag, given in form.tags if tag == "input"]
    assert given["aria-invalid"] == "true"
    assert given["aria-describedby"] == "c0-error c0-hint"
    assert {tag for tag, _ in form.tags} <= {
        *("form", "div", "label", "em", "input", "p", "svg", "rect", "span", "b"),
    }


def test_a_picture_is_shown_and_any_other_file_is_not() -> None:
    png = drawn(control("picture"), FieldEntry(content=b"\x89PNG\r\n\x1a\nmore"))
    (image,) = [given for tag, given in png.tags if tag == "img"]
    assert str(image["src"]).startswith("data:image/png;base64,")
    for content in (b"<svg onload=alert(1)>", b"GIF", b""):
        other = drawn(control("picture"), FieldEntry(content=content))
        assert not [1 for tag, _ in other.tags if tag == "img"]
        assert "c0.kept" in other.values()
