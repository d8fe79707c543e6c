"""The chain from a key to the bytes of an image, link by link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from built_packages import Built, built
from signed_packages import new_key, other_model, signed_folder, verified, wrong

from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.trust.attached import bills, claimed_statement
from packager.trust.envelope import signed_bundle
from packager.trust.facts import stated_facts
from packager.trust.keys import PrivateKey
from packager.trust.measured import replay_result
from packager.trust.sign import sign_package
from packager.trust.statements import OMS, bill_statement
from packager.trust.store import stored_bundles
from packager.trust.verify import SignedSet, verify
from packager.trust.whole_image import examined_facts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


def test_each_link_says_what_was_compared(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    images = made.images()
    signed_folder(tmp_path / "oci", images, key)
    report = verified(tmp_path / "oci", key.public)
    told = {link.name: (link.status, link.detail) for link in report.links}
    assert told["signature"] == ("ok", f"key {key.public.key_id[:16]} signed 5 statements")
    assert told["config"] == ("ok", images[0].digest)
    assert told["root"] == ("ok", made.manifest.root)
    assert told["platform"] == ("ok", "linux/amd64, proved on such a machine")
    assert told["companion"] == ("ok", images[1].digest)
    assert told["data"] == ("ok", "none: the model was trained elsewhere")
    assert told["model"][1] == "5 files of models, code and package, by OMS"
    assert told["sbom"] == ("ok", "5 components")
    assert told["replay"] == ("absent", "none signed")
    assert report.first_wrong is None


@pytest.mark.parametrize("name", ["replay", "test", "data-check"])
def test_what_is_required_must_be_signed(
    made: Built, key: PrivateKey, tmp_path: Path, name: str
) -> None:
    signed_folder(tmp_path / "oci", made.images(), key)
    report = verified(tmp_path / "oci", key.public, require=[name])  # type: ignore[list-item]
    assert wrong(report) == {name: "required, but none signed"}
    assert not report.verified


def test_a_signed_replay_fills_its_requirement_only_if_it_passed(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    good = replay_result("artifact", True, b"1", "artifact")
    bad = replay_result("metrics", False, b"2", "artifact")
    for number, (results, status) in enumerate(
        (([good], "ok"), ([bad], "failed"), ([good, bad], "failed"))
    ):
        folder = tmp_path / str(number)
        signed_folder(folder, made.images(), key, results)
        report = verified(folder, key.public, require=["replay"])
        (link,) = [one for one in report.links if one.name == "replay"]
        assert link.status == status
    assert link.detail == "failed (metrics); level: metrics, required level: artifact"
    unasked = verified(folder, key.public)
    assert unasked.verified
    assert [one.status for one in unasked.links if one.name == "replay"] == ["warned"]


def test_an_engine_stores_an_image_under_another_manifest_digest(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    """Of a compressed push; the config digest is the same, so the layers are."""
    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference:
        facts = examined_facts(reference)
    pushed = replace(facts, manifest_digest=f"sha256:{'1' * 64}")
    bundles = sign_package(pushed, key)
    engine = replace(facts, stored=False)
    report = verify(engine, bundles, [key.public])
    assert report.verified
    assert report.links[1].detail.startswith("stored in another form than was signed")
    assert wrong(verify(facts, bundles, [key.public]))["image"] == (
        f"expected sha256:{'1' * 64} signed, got {facts.manifest_digest}"
    )


def test_bundles_that_are_none_are_counted_and_told(made: Built, key: PrivateKey) -> None:
    found = SignedSet.of([b"{}", b"\xff", b"[" * 9], [key.public])
    assert (len(found.broken), found.statements, found.other_keys) == (3, [], 0)


def test_a_bill_is_required_by_its_subject_and_its_contents(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    bundles = signed_folder(tmp_path / "ours", made.images(), key)
    other = other_model(made, tmp_path / "layers")
    of_other = signed_folder(tmp_path / "other", other.images(), key)

    def reported(*given: bytes) -> dict[str, str]:
        with open_reference(str(tmp_path / "ours"), None) as reference:
            facts = examined_facts(reference)
            return wrong(verify(facts, given, [key.public], ["sbom"]))

    without = [one for one in bundles if bill_of(one) is None]
    assert len(without) == len(bundles) - 1
    assert reported(*bundles) == {}
    assert reported(*without) == {"sbom": "required, but none signed"}
    assert reported(*without, *of_other) == {"sbom": "required, but none signed"}
    with open_reference(str(tmp_path / "ours"), None) as reference:
        subjects = examined_facts(reference).subjects
    foreign = next(bill for bill in map(bill_of, of_other) if bill is not None)
    relabelled = signed_bundle(bill_statement(foreign, subjects), key)
    (told,) = reported(*without, relabelled).values()
    assert told.startswith("expected the bill of this package, serial number urn:uuid:")
    own = next(bill for bill in map(bill_of, bundles) if bill is not None)
    own["components"][0]["version"] = "9.9"
    changed = signed_bundle(bill_statement(own, subjects), key)
    (told,) = reported(*without, changed).values()
    assert ': version: expected "9.9" signed, got ' in told
    assert reported(*bundles, changed) == {}


def bill_of(bundle: bytes) -> dict[str, Any] | None:
    """The bill that a bundle states."""
    return next((json.loads(one.content) for one in bills([bundle])), None)


def test_one_binding_is_chosen_for_image_data_and_companion(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    bundles = signed_folder(tmp_path / "oci", made.images(), key)
    with open_reference(str(tmp_path / "oci"), None) as reference:
        facts = examined_facts(reference)
        elsewhere = {"companion": f"sha256:{'4' * 64}"}
        other = replace(facts, binding=facts.binding.model_copy(update=elsewhere))
        others = sign_package(other, key)
        for both in ([*others, *bundles], [*bundles, *others]):
            report = verify(facts, both, [key.public])
            assert wrong(report) == {}
    assert wrong(verify(facts, others, [key.public])).keys() == {"companion"}


def test_a_required_model_is_that_of_this_package_when_no_layer_is_read(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    signed_folder(tmp_path / "oci", made.images(), key)
    signed_folder(tmp_path / "other", other_model(made, tmp_path / "made").images(), key)
    with open_reference(str(tmp_path / "other"), None) as reference:
        theirs = stored_bundles(reference, None, pytest.fail)
    with open_reference(str(tmp_path / "oci"), None) as reference:
        facts = stated_facts(reference)
        ours = stored_bundles(reference, None, pytest.fail)
    assert wrong(verify(facts, ours, [key.public], ["model"])) == {}
    without = [one for one in ours if claimed_statement(one)["predicateType"] != OMS]
    (name,) = wrong(verify(facts, [*without, *theirs], [key.public], ["model"]))
    assert name == "model"
