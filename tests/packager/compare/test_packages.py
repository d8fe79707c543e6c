from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from compared_packages import (
    DATA,
    FINDINGS,
    FRAME,
    LAYERS,
    LOCK,
    MANIFEST,
    PRINT,
    REPEATABILITY,
    SHOP,
    file,
    lock_with,
    manifest_with,
    part,
    wheel,
)
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.cli.commands import app
from packager.compare.packages import ComparedPackage, changes, diff
from packager.compare.records import Change, Difference, PackageRef
from packager.data.fingerprint import fingerprint
from packager.digest import sha256_bytes
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import LABEL, Image, assemble
from packager.image.export import load_into, write_oci
from packager.image.layers import Entry, plain_layer
from packager.image.reference import open_reference
from packager.image.stored_images import COMPANION
from packager.manifest.base import FileEntry
from packager.manifest.data_roles import Split
from packager.manifest.evaluation import (
    Evaluation,
    MetricValues,
    SeedVariance,
)
from packager.manifest.manifest import (
    Manifest,
    Recipe,
)
from packager.manifest.platform import Platform
from packager.progress import NullProgress
from packager.report.package_diff import as_json, as_text


def data_of(frame: pd.DataFrame, content: str) -> ComparedPackage:
    known = part("data", files=(file("visits.csv", content),))
    return replace(known, fingerprint=fingerprint(frame))


def told(found: Difference) -> dict[str, Any]:
    """The sections with a difference in them."""
    document = found.model_dump(mode="json", by_alias=True)
    plain = {name: value for name, value in document.items() if isinstance(value, list) and value}
    others = {n for n in ("data", "evaluation", "layers") if not getattr(found, n).same}
    return plain | {name: document[name] for name in others}


def one(section: str, path: tuple[str, ...], before: Any, after: Any) -> dict[str, Any]:
    change = {"path": list(path), "change": "changed", "before": before, "after": after}
    return {section: [change]}


def test_a_package_does_not_differ_from_itself():
    found = diff(SHOP, replace(SHOP, side=SHOP.side.model_copy(update={"name": "other:2"})))
    assert found.same
    assert told(found) == {}
    assert as_json(found)["same"] is True
    assert as_text(found) == "A  shop:1\nB  other:2\n\nno differences"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (manifest_with(version="1.0.1"), one("package", ("version",), "1.0.0", "1.0.1")),
        (lock_with(python="3.12"), one("platform", ("python",), "3.11", "3.12")),
        (
            lock_with(base=LOCK.base.model_copy(update={"env": ("LANG=C", "PATH=/sbin")})),
            one("platform", ("base", "env", "PATH"), "/bin", "/sbin"),
        ),
        (
            part("recipe", params={"trees": {"depth": 4}}),
            one("recipe", ("params", "trees", "depth"), 3, 4),
        ),
        (
            part("recipe", params={"trees": {"depth": 3.0}}),
            one("recipe", ("params", "trees", "depth"), 3, 3.0),
        ),
        (part("recipe", seed=8), one("recipe", ("seed",), 7, 8)),
        (part("recipe", level="metrics"), one("recipe", ("level",), "artifact", "metrics")),
        (part("serve", workers=3), one("serve", ("workers",), 2, 3)),
        (part("serve", strict=True), one("serve", ("strict",), False, True)),
        (
            part("slices", rules={"big basket": "basket >= 101"}),
            one("slices", ("rules", "big basket"), "basket >= 100", "basket >= 101"),
        ),
        (
            part("slices", columns={"channel": ("app",)}),
            one("slices", ("columns", "channel"), ["app", "web"], ["app"]),
        ),
        (
            part("schema_", classes=("app", "fax")),
            one("schema", ("classes",), ["app", "web"], ["app", "fax"]),
        ),
        (
            part("schema_", features=MANIFEST.schema_.features[::-1]),
            one("schema", ("order of features",), ["basket", "member"], ["member", "basket"]),
        ),
        (part("environment", cpu="new"), one("environment", ("cpu",), "some", "new")),
        (manifest_with(runtime="1" * 64), one("runtime", ("digest",), "0" * 64, "1" * 64)),
        (
            manifest_with(model=(file("model", "m"),)),
            one("model", ("model",), file("model").sha256, file("model", "m").sha256),
        ),
        (
            manifest_with(files=(file("golden.json", "g"),)),
            one("files", ("golden.json",), file("").sha256, file("", "g").sha256),
        ),
        (
            manifest_with(findings=FINDINGS.model_copy(update={"allowed": True})),
            one("findings", ("allowed",), False, True),
        ),
        (
            manifest_with(repeatability=REPEATABILITY.model_copy(update={"level": "state"})),
            one("repeatability", ("level",), "artifact", "state"),
        ),
        (
            manifest_with(seed_variance=SeedVariance(seeds=(1, 3), overall={}, slices={})),
            one("seed_variance", ("seeds",), [1, 2], [1, 3]),
        ),
        (
            replace(SHOP, settings={**SHOP.settings, "Env": ["A=2"]}),
            one("image", ("Env", "A"), "1", "2"),
        ),
    ],
)
def test_one_change_is_named_exactly_and_nothing_else(
    other: ComparedPackage, expected: dict[str, Any]
):
    found = diff(SHOP, other)
    assert told(found) == expected
    assert not found.same


def test_code_files_are_added_removed_and_changed_in_order():
    other = manifest_with(code=(file("train.py", "x = 2"), file("a.py")))
    assert [(change.path, change.change) for change in diff(SHOP, other).code] == [
        (("a.py",), "added"),
        (("package.toml",), "removed"),
        (("train.py",), "changed"),
    ]


def test_requirements_differ_in_presence_version_file_or_group():
    before = lock_with(wheels=tuple(map(wheel, ("dropped", "bumped", "rebuilt", "moved", "kept"))))
    after = lock_with(
        wheels=(
            wheel("new"), wheel("bumped", "1.1"), wheel("rebuilt", sha256="1" * 64),
            wheel("moved", groups=("model", "server")), wheel("kept"),
        )
    )  # fmt: skip
    found = diff(before, after)
    assert [(requirement.name, requirement.change) for requirement in found.requirements] == [
        ("bumped", "version"),
        ("dropped", "removed"),
        ("moved", "groups"),
        ("new", "added"),
        ("rebuilt", "file"),
    ]
    assert told(found).keys() == {"requirements"}
    text = as_text(found)
    assert "~ bumped 1.0 → 1.1\n" in text
    assert "- dropped 1.0\n" in text
    assert "~ moved 1.0: for model → for model and server\n" in text
    assert "+ new 1.0\n" in text
    file = "rebuilt-1.0.whl"
    assert f"~ rebuilt 1.0, another file: {file} {'0' * 12} → {file} {'1' * 12}" in text


def test_settings_of_the_data_are_named():
    other = part("data", target="basket", exclude=("member",), embed="none", split=Split(seed=1))
    found = diff(SHOP, other)
    assert told(found).keys() == {"data"}
    assert [(change.path, change.after) for change in found.data.settings] == [
        (("embed",), "none"),
        (("exclude",), ["member"]),
        (("split", "seed"), 1),
        (("target",), "basket"),
    ]


def test_a_held_out_file_is_named():
    found = diff(SHOP, part("data", test_file=file("visits.csv", "t"))).data
    assert [(change.path, change.change) for change in found.files] == [
        (("test", "visits.csv"), "added")
    ]


def test_one_cell_names_its_file_its_column_and_that_the_rows_differ():
    frame = FRAME.assign(basket=[1.5, 2.5, 4.5])
    found = diff(SHOP, data_of(frame, "changed"))
    assert told(found).keys() == {"data"}
    assert [change.path for change in found.data.files] == [("source", "visits.csv")]
    assert [change.path for change in found.data.columns] == [("basket",)]
    assert not found.data.types_differ
    rows = found.data.rows
    assert (rows.before, rows.after, rows.verdict) == (3, 3, "different")
    assert rows.overlap.exact
    assert rows.overlap.of_before.value == rows.overlap.of_before.low == 2 / 3
    text = as_text(found)
    assert "  columns changed: basket\n  rows: differ\n" in text
    assert "of the distinct rows of A, 66.67% are in B (exact)" in text


@pytest.mark.parametrize(
    ("frame", "verdict", "text"),
    [
        (FRAME, "equal", "rows: the same 3, in the same order"),
        (FRAME[::-1], "reordered", "rows: the same 3, in another order"),
        (FRAME.assign(channel=["app", "web", "web"]), "different", "values moved between rows"),
        (FRAME[:2], "different", "rows: 3 → 2: differ"),
        (FRAME[["basket"]], "incomparable", "rows: can't be compared, the columns differ"),
    ],
)
def test_rows_are_equal_reordered_different_or_incomparable(
    frame: pd.DataFrame, verdict: str, text: str
):
    found = diff(SHOP, data_of(frame, "written otherwise"))
    assert found.data.rows.verdict == verdict
    assert (found.data.rows.overlap is not None) == (verdict == "different")
    assert text in as_text(found)


def test_added_and_removed_columns_and_other_types_are_named():
    frame = FRAME.rename(columns={"basket": "price"})
    found = diff(SHOP, data_of(frame, "b"))
    assert [(c.path, c.change) for c in found.data.columns] == [
        (("basket",), "removed"),
        (("price",), "added"),
    ]
    assert found.data.types_differ
    text = as_text(found)
    assert "columns added: price\n  columns removed: basket\n" in text
    assert "columns differ in name, logical type, nullability or order" in text


def test_a_package_without_recipe_data_and_evaluation_lacks_them():
    bare = manifest_with(recipe="none", data="none", evaluation=None)
    found = diff(SHOP, replace(bare, fingerprint=None))
    assert {change.change for change in found.recipe} == {"removed"}
    assert {change.path[0] for change in found.recipe} == set(Recipe.model_fields)
    assert [change.change for change in found.data.columns] == ["removed", "removed"]
    assert found.data.rows is None
    assert found.evaluation.slices_removed == ("channel=web",)
    metrics = [(m.slice, m.metric, m.after, m.difference) for m in found.evaluation.metrics]
    assert metrics == [(None, "accuracy", None, None), (None, "rows", None, None)]


def test_metrics_have_before_after_and_difference_by_slice():
    other = part(
        "evaluation",
        slices={
            "channel=web": MetricValues(rows=6, values={"accuracy": 0.75}),
            "channel=app": MetricValues(rows=4, values={}),
        },
    )
    found = diff(SHOP, other)
    assert told(found).keys() == {"evaluation"}
    assert [m.model_dump() for m in found.evaluation.metrics] == [
        {"slice": "channel=web", "metric": "accuracy", "before": 0.25, "after": 0.75,
         "difference": 0.5},
        {"slice": "channel=web", "metric": "roc_auc", "before": 0.5, "after": None,
         "difference": None},
    ]  # fmt: skip
    assert found.evaluation.slices_added == ("channel=app",)
    text = as_text(found)
    assert "  + slice channel=app\n" in text
    assert "  channel=web  accuracy  0.2500  0.7500     +0.5000\n" in text
    assert "  channel=web  roc_auc   0.5000       -           -" in text


def test_the_companion_is_compared_with_the_image_where_a_side_has_none():
    alone = SHOP.side.model_copy(update={"companion": False})
    found = diff(replace(SHOP, side=alone, companion=LAYERS), SHOP)
    assert found.layers.same
    assert found.companion.only_after == (DATA,)
    text = as_text(found)
    assert "A has no companion: its image counts\n  layer" in text
    assert "\n  + data  10.0 kB  " in text
    assert "to ship: 10.0 kB that A lacks" in text
    both = replace(SHOP, side=alone, companion=LAYERS)
    assert diff(both, both).companion is None


def test_values_are_compared_as_stored_and_looked_into_where_both_are_tables():
    before = {"a": 1, "b": {"c": [1, 2], "d": {}}, "e": {"f": 1}, "g": None}
    after = {"a": True, "b": {"c": [2, 1], "d": {"x": 1}}, "h": {"i": {}}}
    assert changes(before, after) == (
        Change(path=("a",), change="changed", before=1, after=True),
        Change(path=("b", "c"), change="changed", before=[1, 2], after=[2, 1]),
        Change(path=("b", "d", "x"), change="added", after=1),
        Change(path=("e",), change="removed", before={"f": 1}),
        Change(path=("g",), change="removed", before=None),
        Change(path=("h",), change="added", after={"i": {}}),
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


tables = st.dictionaries(st.sampled_from("abcd"), values)


files = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")).map(
    lambda table: tuple(file(path, content) for path, content in table.items())
)


metrics = st.builds(
    MetricValues,
    rows=st.integers(0, 2),
    values=st.dictionaries(st.sampled_from("mn"), st.sampled_from([0.25, 0.5])),
    intervals=st.just({}),
)


evaluations = st.none() | st.builds(
    Evaluation, overall=metrics, slices=st.dictionaries(st.sampled_from("st"), metrics)
)


wheels = st.lists(
    st.builds(
        wheel,
        st.sampled_from(["numpy", "pandas"]),
        st.sampled_from(["1", "2"]),
        sha256=st.sampled_from("01"),
        groups=st.sampled_from([("model",), ("model", "server")]),
    ),
    unique_by=lambda found: found.name,
).map(tuple)


frames = st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=4).flatmap(
    lambda cells: st.sampled_from("xy").map(lambda name: pd.DataFrame({name: cells}))
)


stacks = st.lists(st.sampled_from([*LAYERS, DATA]), max_size=5).map(tuple)


@st.composite
def packages(draw: st.DrawFn) -> ComparedPackage:
    recipe = MANIFEST.recipe.model_copy(update={"params": draw(tables)})
    manifest = MANIFEST.model_copy(
        update={
            "recipe": draw(st.sampled_from([recipe, "none"])),
            "evaluation": draw(evaluations),
            "code": draw(files),
            "model": draw(files),
        }
    )
    layers = draw(stacks)
    companion = draw(st.booleans())
    return ComparedPackage(
        PackageRef(name="", root=manifest.root, config_digest="", companion=companion),
        manifest,
        LOCK.model_copy(update={"wheels": draw(wheels)}),
        fingerprint(draw(frames)),
        {"Cmd": draw(st.sampled_from([None, [], ["a"]]))},
        layers,
        (*layers, DATA) if companion else layers,
    )


SWAPPED = {"before": "after", "after": "before", "added": "removed", "removed": "added"}


def seen(value: Any, *, mirrored: bool) -> Any:
    """A difference as it is, or from the other side; bytes to ship have no other side."""
    names = SWAPPED if mirrored else {}
    if isinstance(value, list):
        return [seen(item, mirrored=mirrored) for item in value]
    if not isinstance(value, dict):
        return value
    turned = {}
    for name, inner in value.items():
        there = "_".join(names.get(word, word) for word in name.split("_"))
        if name == "change":
            turned[there] = names.get(inner, inner)
        elif name == "difference" and inner is not None:
            turned[there] = -inner if mirrored else inner
        elif name == "equal":
            turned[there] = sorted(layer["diff_id"] for layer in inner)
        elif name not in ("to_ship", "to_load"):
            plain = name in ("before", "after")
            turned[there] = inner if plain else seen(inner, mirrored=mirrored)
    return turned


@pytest.mark.slow
@given(packages())
@settings(max_examples=many(50), deadline=None)
def test_whatever_is_compared_with_itself_is_the_same(shop: ComparedPackage):
    found = diff(shop, shop)
    assert found.same
    assert told(found) == {}
    assert found.layers.to_ship == found.layers.to_load == 0


@pytest.mark.slow
@given(packages(), packages())
@settings(max_examples=many(100), deadline=None)
def test_the_way_back_mirrors_the_way_there(a: ComparedPackage, b: ComparedPackage):
    there, back = (diff(*pair).model_dump(mode="json", by_alias=True) for pair in ((a, b), (b, a)))
    assert seen(there, mirrored=True) == seen(back, mirrored=False)
    assert diff(a, b).same == diff(b, a).same


@pytest.mark.slow
@given(packages(), packages())
@settings(max_examples=many(100), deadline=None)
def test_no_difference_means_equal_packages_and_reads_back(a: ComparedPackage, b: ComparedPackage):
    found = diff(a, b)
    same_stacks = [e.diff_id for e in a.layers] == [e.diff_id for e in b.layers]
    assert found.layers.same == same_stacks
    if found.same:
        # An absent and an empty setting are one; the order of files is not identity.
        assert a.manifest.recipe == b.manifest.recipe
        assert a.manifest.evaluation == b.manifest.evaluation
        assert set(a.lock.wheels) == set(b.lock.wheels)
        assert a.fingerprint == b.fingerprint
    assert Difference.model_validate_json(found.dump()) == found
    assert as_text(found)


def images(folder: Path, manifest: Manifest, content: Mapping[str, bytes]) -> tuple[Image, Image]:
    """A package with a companion, without a base; its manifest names ``content``."""
    folder.mkdir(exist_ok=True)
    files = tuple(
        FileEntry(path=name, sha256=sha256_bytes(CONTENT[name]), size=len(CONTENT[name]))
        for name in content
    )
    own = Platform(files=files, trees={}, settings={}, proved_on="native")
    manifest = manifest.model_copy(update={"files": (), "platforms": {"linux/amd64": own}})
    inside = {"manifest.json": manifest.dump(), **content}
    package = [Entry(f"package/{name}", source=source) for name, source in inside.items()]
    layers = [
        plain_layer("code", folder / "code.tar", [Entry("code/train.py", source=b"x = 1\n")]),
        plain_layer("package", folder / "package.tar", package),
    ]
    data = plain_layer("data", folder / "data.tar", [Entry("data/source/a.csv", source=b"a\n1\n")])
    labels = {f"{LABEL}.root": manifest.root}
    name = f"models/diff-test:{manifest.tag}"
    more = {**labels, f"{LABEL}.companion-of": manifest.root}
    main = assemble(name, None, layers, "linux/amd64", labels)
    return main, assemble(name + COMPANION, None, [*layers, data], "linux/amd64", more)


CONTENT = {
    "lock.json": LOCK.model_copy(update={"base": "none"}).dump(),
    "fingerprint.json": PRINT.dump(),
}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two packages as OCI folders; the second has another seed."""
    write_oci(images(tmp_path / "a", MANIFEST, CONTENT), tmp_path / "one")
    write_oci(images(tmp_path / "b", part("recipe", seed=8).manifest, CONTENT), tmp_path / "two")
    return tmp_path / "one", tmp_path / "two"


@pytest.mark.slow
def test_the_command_tells_people_and_programs(two, monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    def run(*arguments: object) -> str:
        app([str(argument) for argument in arguments], standalone_mode=False)
        return capsys.readouterr().out

    text = run("diff", *two)
    assert "\nrecipe\n  ~ seed  7 → 8\n\nlayers\n  = code: " in text
    fact = json.loads(run("diff", *two, "--json"))
    assert fact["same"] is False
    assert fact["recipe"] == [{"path": ["seed"], "change": "changed", "before": 7, "after": 8}]
    assert [entry["name"] for entry in fact["layers"]["only_after"]] == ["package"]
    assert fact["layers"]["to_ship"] == fact["layers"]["only_after"][0]["size"]
    assert fact["companion"]["to_load"] > fact["companion"]["to_ship"]
    assert run("diff", two[0], two[0]).endswith("\n\nno differences\n")


def test_a_fingerprint_other_than_the_manifest_names_is_refused(tmp_path: Path):
    other = {**CONTENT, "fingerprint.json": fingerprint(FRAME[:1]).dump()}
    write_oci(images(tmp_path / "a", MANIFEST, other), tmp_path / "oci")
    with (
        open_reference(str(tmp_path / "oci"), None) as found,
        pytest.raises(PackageError, match=r"fingerprint\.json: expected sha256 .*, got "),
    ):
        found.fingerprint()


@pytest.mark.engine
def test_a_package_in_an_engine_is_the_same_as_in_a_folder(engine: Engine, two, tmp_path: Path):
    made = images(tmp_path / "again", MANIFEST, CONTENT)
    try:
        for image in made:
            load_into(engine, image, NullProgress())
        with (
            open_reference(made[0].name, engine) as there,
            open_reference(str(two[0]), None) as here,
        ):
            found = diff(ComparedPackage.of(there), ComparedPackage.of(here))
            assert found.same, as_text(found)
            assert found.companion is not None
            assert [name for name, _, _ in there.layers(companion=True)] == [
                "code", "package", "data",
            ]  # fmt: skip
    finally:
        for image in made:
            engine.remove(image.name)


def test_metrics_of_other_seeds_are_reported_by_mean_and_deviation() -> None:
    one, other = (
        manifest_with(
            seed_variance=SeedVariance(
                seeds=(1, 2), overall={"accuracy": v}, slices={"a": {"accuracy": v}}
            )
        )
        for v in ((0.5, 0.7), (0.8, 0.8))
    )
    assert "overall.accuracy   0.6000 ± 0.1414 → 0.8000 ± 0" in as_text(diff(one, other))
    none = manifest_with(seed_variance=None)
    assert "+ overall  accuracy 0.6000 ± 0.1414" in as_text(diff(none, one))
