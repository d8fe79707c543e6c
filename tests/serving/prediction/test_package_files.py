"""What a server takes from a package beside its model; a damaged file is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from serving_helpers import diamonds, diamonds_schema, lay_out, make_manifest

from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.slices import ALL
from monitoring.stats.binning import build_profile
from packager.errors import PackageError
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest, Schema, Slices
from packager.model.paths import Root
from serving.prediction.package_files import (
    column_clocks,
    column_names,
    load_golden,
    load_profile,
    load_slices,
    names_without_personal,
)

SCHEMA = diamonds_schema(diamonds())
MANIFEST = make_manifest(SCHEMA)


def of_columns(*features: Column, extras: tuple[Column, ...] = ()) -> Manifest:
    return make_manifest(Schema(features=features, extras=extras, classes=("a", "b")))


def column(name: str, **changes: Any) -> Column:
    options: dict[str, Any] = {"kind": "number", "dtype": "float64", "nullable": False}
    return Column(name=name, **(options | changes))


@pytest.fixture
def root(tmp_path: Path) -> Root:
    lay_out(tmp_path)
    return Root(tmp_path)


def test_the_columns_of_a_row_are_the_features_and_then_the_extras() -> None:
    assert column_names(MANIFEST) == ["carat", "color", "tables", "shop"]
    assert column_names(of_columns()) == []


def test_a_column_of_personal_data_keeps_its_place_and_loses_its_name() -> None:
    personal = "e-mail addresses"
    manifest = of_columns(
        column("a"),
        column("b", personal=personal),
        extras=(column("c", personal=personal), column("d")),
    )
    assert names_without_personal(manifest) == ["a", None, None, "d"]
    assert names_without_personal(MANIFEST) == column_names(MANIFEST)


def test_the_clock_of_each_datetime_is_that_of_its_dtype() -> None:
    manifest = of_columns(
        column("a"),
        column("when", kind="datetime", dtype="datetime64[us]"),
        extras=(column("then", kind="datetime", dtype="datetime64[ns, UTC]"),),
    )
    assert column_clocks(manifest) == {
        "when": DatetimeUnit.of_dtype("datetime64[us]"),
        "then": DatetimeUnit.of_dtype("datetime64[ns, UTC]"),
    }
    assert column_clocks(MANIFEST) == {}


def test_a_package_without_golden_rows_or_profile_has_none(root: Root) -> None:
    assert load_golden(root) is None
    assert load_profile(root) is None


def test_golden_rows_and_profile_are_read_as_they_were_written(root: Root) -> None:
    golden = Golden(rows=({"carat": 0.5},), expected=({"prediction": "Fair"},))
    (root.package / "golden.json").write_bytes(golden.dump())
    profile = build_profile(pd.DataFrame({"carat": [0.1, 0.2] * 9}), [("carat", "number")])
    (root.package / "profile.json").write_text(profile.model_dump_json())
    assert load_golden(root) == golden
    assert load_profile(root) == profile


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"rows": "many"}', b"\xff", b"{" * 9_999])
def test_a_damaged_profile_is_named_and_never_taken_for_an_absent_one(
    root: Root, content: bytes
) -> None:
    (root.package / "profile.json").write_bytes(content)
    with pytest.raises(
        PackageError, match=r"package/profile\.json: expected a profile, got "
    ) as it:
        load_profile(root)
    assert it.value.hint.startswith("the package is damaged")


def slices_of(columns: dict[str, tuple[str, ...]], rules: dict[str, str]) -> tuple[Any, Any]:
    manifest = make_manifest(SCHEMA, slices=Slices(columns=columns, rules=rules))
    names = column_names(manifest)
    return load_slices(manifest, names, column_clocks(manifest))


def test_slices_are_found_by_the_columns_of_a_row() -> None:
    slices, membership = slices_of({"shop": ("north",)}, {"large": "carat >= 1.5"})
    assert slices.names == (ALL, "shop=north", "shop=other", "large")
    inside = [
        slices.names[bit]
        for bit in range(4)
        if membership.bitmap([2.0, "E", 55, "north"]) >> bit & 1
    ]
    assert inside == [ALL, "shop=north", "large"]
    inside = [
        slices.names[bit] for bit in range(4) if membership.bitmap([1.0, "E", 55, None]) >> bit & 1
    ]
    assert inside == [ALL, "shop=other"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("price > 1", "column 'price' is absent"),
        ("color > 1", "expected alike values"),
        ("carat >", "expected a condition such as carat >= 1.5"),
        ("__import__('os')", "expected a condition, got"),
    ],
)
def test_a_rule_that_does_not_fit_the_columns_is_refused_with_its_reason(
    rule: str, reason: str
) -> None:
    with pytest.raises(PackageError, match="slices: expected slices of this package's") as raised:
        slices_of({}, {"odd": rule})
    assert reason in raised.value.message
    assert "correct [slices] in package.toml" in raised.value.hint
