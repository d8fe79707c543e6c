"""Model, members, code and data as components."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclonedx.model.component import Component
from host_samples import MANIFEST
from sbom_samples import opened_package

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.manifest.base import FileEntry
from packager.manifest.label_schemes import LabelScheme, TableVersion, TrainedLabels
from packager.manifest.manifest import DataSource
from packager.manifest.solution import Solution, SolutionMember
from packager.trust.image_inventory import Inventory
from packager.trust.sbom_model import (
    code_component,
    data_component,
    member_cards,
    model_component,
    runtime_component,
)

ROWS = FileEntry(path="a.csv", sha256="a" * 64, size=1)
HELD_OUT = FileEntry(path="b.csv", sha256="b" * 64, size=1)
DATA = DataSource(
    target="y", format="csv", files=(ROWS,), test_file=HELD_OUT, embed="none",
    fingerprint="c" * 64, train_rows=8, test_rows=2,
)  # fmt: skip
PLACE = "models/model/members/price/package/manifest.json"


def facts(component: Component) -> dict[str, str]:
    return {one.name.partition(":")[2]: one.value for one in component.properties}


def test_data_has_hashes_rows_and_fingerprint():
    made = data_component(MANIFEST.model_copy(update={"data": DATA}))
    assert (made.name, [one.content for one in made.hashes]) == ("shop training data", ["a" * 64])
    assert [one.name for one in made.components] == ["data/source/a.csv", "data/test/b.csv"]
    told = facts(made)
    assert told.pop("tree.sha256")
    assert told == {
        "fingerprint": "c" * 64, "format": "csv", "rows.train": "8", "rows.held-out": "2",
        "embedded": "none", "files": "1",
    }  # fmt: skip
    assert data_component(MANIFEST) is None


def test_data_of_a_table_names_version_and_labels():
    scheme = LabelScheme(name="mood")
    labels = TrainedLabels(scheme=scheme, sha256="d" * 64, labelled=9, unresolved=0, unlabelled=0)
    source = DATA.model_copy(
        update={"table": TableVersion(table="t", version=3, labels=labels), "files": (ROWS, ROWS)}
    )
    made = data_component(MANIFEST.model_copy(update={"data": source}))
    assert (
        facts(made).items() >= {"table": "t@3", "labels": "mood", "labels.sha256": "d" * 64}.items()
    )
    assert not made.hashes


def test_code_and_runtime_have_their_trees(tmp_path: Path):
    code = FileEntry(path="train.py", sha256="e" * 64, size=1)
    made = code_component(MANIFEST.model_copy(update={"code": (code,)}))
    assert [(one.name, one.hashes[0].content) for one in made.components] == [
        ("code/train.py", "e" * 64)
    ]
    assert facts(runtime_component(MANIFEST)) == {"tree.sha256": MANIFEST.runtime}


def test_the_model_has_its_files_and_who_answers_for_it(tmp_path: Path):
    with opened_package(tmp_path) as reference:
        made = model_component(reference, "model")
    assert [one.content for one in made.hashes] == [sha256_bytes(b"a model")]
    assert (made.description, made.supplier.name) == ("Prices <flats>.", "Team | A")
    with opened_package(tmp_path / "b", texts=None) as reference:
        made = model_component(reference, "model")
    assert (made.description, made.supplier) == (None, None)


def test_a_member_has_the_card_of_its_own_manifest():
    content = MANIFEST.dump()
    member = SolutionMember(
        name="price", package="shop", version="1.0.0", root=sha256_bytes(content), process="own"
    )
    solution = Solution(flow="flow:run", members=(member,))
    whole = MANIFEST.model_copy(update={"solution": solution})
    cards = member_cards(Inventory({PLACE: content}), whole)
    assert cards["member:price"]["modelParameters"]["task"] == "regression"
    assert member_cards(Inventory({}), MANIFEST) == {}
    with pytest.raises(PackageError, match=f"member price: /{PLACE}: expected sha256 .*no such"):
        member_cards(Inventory({}), whole)
    with pytest.raises(PackageError, match=sha256_bytes(b"{}")):
        member_cards(Inventory({PLACE: b"{}"}), whole)
