"""Single comparisons: data, provenance and files."""

from __future__ import annotations

from dataclasses import replace

import pytest
from provenance_samples import BASED, SUBJECT, TRAINED

from packager.manifest.base import FileEntry
from packager.manifest.platform import Proof
from packager.trust.facts import PackageFacts
from packager.trust.links import (
    companion_link,
    data_link,
    image_links,
    model_link,
    provenance_link,
)
from packager.trust.provenance import provenance_statement
from packager.trust.statements import PackageBinding, cosign_statement, oms_statement

BINDING = PackageBinding(
    name="shop",
    version="1.0.0",
    root=TRAINED.root,
    config_digest=f"sha256:{'3' * 64}",
    platform="linux/amd64",
    data_fingerprint="f" * 64,
    companion=f"sha256:{'4' * 64}",
)
SIGNED = cosign_statement("1" * 64)
FILES = {"code/train.py": "c" * 64, "models/model": "d" * 64}
FACTS = PackageFacts("shop:1", TRAINED, BASED, None, False, BINDING, FILES)


def test_the_data_is_named_by_its_fingerprint() -> None:
    assert data_link(FACTS, BINDING) == (
        "data",
        True,
        f"visits.csv, visits@5, 8 rows, fingerprint {'f' * 64}",
    )
    other = BINDING.model_copy(update={"data_fingerprint": None})
    assert data_link(FACTS, other) == ("data", False, f"expected none signed, got {'f' * 64}")


def test_the_companion_may_be_elsewhere_but_not_another_one() -> None:
    assert companion_link(FACTS, BINDING)[1]
    away = replace(FACTS, binding=BINDING.model_copy(update={"companion": None}))
    assert companion_link(away, BINDING) == (
        "companion",
        True,
        f"not here; sha256:{'4' * 64} was signed",
    )
    assert not companion_link(FACTS, away.binding)[1]


def test_provenance_of_other_data_is_named() -> None:
    said = provenance_statement(TRAINED, BASED, [SUBJECT])
    assert provenance_link(FACTS, [said])[1]
    assert TRAINED.data != "none"
    changed = FileEntry(path="visits.csv", sha256="9" * 64, size=10)
    data = TRAINED.data.model_copy(update={"files": (changed,)})
    other = provenance_statement(TRAINED.model_copy(update={"data": data}), BASED, [SUBJECT])
    assert provenance_link(FACTS, [other]) == (
        "provenance",
        False,
        f"data/source/visits.csv: expected {'9' * 64} signed, got {'a' * 64}",
    )
    assert provenance_link(FACTS, [other, said])[1]
    assert provenance_link(FACTS, [cosign_statement("1" * 64)])[2] == (
        "expected SLSA provenance v1, got another predicate"
    )


def test_files_are_compared_one_by_one() -> None:
    assert model_link(FACTS, [oms_statement("shop", FILES)])[1]
    more = oms_statement("shop", {**FILES, "code/x.py": "1" * 64})
    assert model_link(FACTS, [more]) == (
        "model",
        False,
        f"code/x.py: expected {'1' * 64} signed, got no such file",
    )


@pytest.mark.parametrize(
    ("proved_on", "text"),
    [("emulation", "proved under emulation"), (None, "not proved by the build")],
)
def test_the_platform_says_where_it_was_proved(proved_on: Proof | None, text: str) -> None:
    native = TRAINED.platforms["linux/amd64"]
    platforms = {"linux/amd64": native.model_copy(update={"proved_on": proved_on})}
    facts = replace(FACTS, manifest=TRAINED.model_copy(update={"platforms": platforms}))
    links = {name: (ok, detail) for name, ok, detail in image_links(facts, SIGNED, BINDING)}
    assert links["platform"] == (True, f"linux/amd64, {text}")
    other = BINDING.model_copy(update={"platform": "linux/arm64"})
    links = {name: (ok, detail) for name, ok, detail in image_links(facts, SIGNED, other)}
    assert links["platform"] == (False, "expected linux/arm64 signed, got linux/amd64")


def test_without_the_layers_the_files_of_the_manifest_are_compared() -> None:
    unread = replace(FACTS, files=None)
    trees = {
        "code": TRAINED.code,
        "models": TRAINED.model,
        "package": TRAINED.package_files(BINDING.platform),
    }
    own = {f"{top}/{one.path}": one.sha256 for top, tree in trees.items() for one in tree}
    own |= {"package/manifest.json": BINDING.root}
    assert model_link(unread, [oms_statement("shop", {**own, "code/x.pyc": "1" * 64})])[1]
    other = oms_statement("shop", {**own, "package/manifest.json": "9" * 64})
    assert model_link(unread, [other]) == (
        "model",
        False,
        f"package/manifest.json: expected {'9' * 64} signed, got {BINDING.root}",
    )
    assert model_link(unread, [oms_statement("shop", FILES)])[1] is False
    for name in own:
        assert not model_link(unread, [oms_statement("shop", {**own, name: "8" * 64})])[1]
