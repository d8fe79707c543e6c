"""Facts of an image come from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_packages import built

from packager.digest import sha256_bytes
from packager.image.export import oci_manifest, write_oci
from packager.image.reference import open_reference
from packager.model.integrity import IntegrityCheck
from packager.trust.facts import read_facts, signed_files, stated_facts, wrong_checks


def test_digests_and_subjects_of_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    made = built(tmp_path)
    image, companion = made.images()
    write_oci([image, companion], tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference:
        found = read_facts(reference)
        assert stated_facts(reference) == found
    digest = sha256_bytes(oci_manifest(image))
    assert (found.manifest_digest, found.stored) == (f"sha256:{digest}", True)
    assert found.binding.config_digest == image.digest
    assert found.binding.companion == companion.digest
    assert found.binding.data_fingerprint is None
    assert [(one.name, one.digest) for one in found.subjects] == [
        ("shop", {"sha256": digest}),
        ("package/manifest.json", {"sha256": made.manifest.root}),
        ("models/model", {"sha256": sha256_bytes(b"a model")}),
    ]


def test_only_files_of_model_code_and_package_are_signed_one_by_one() -> None:
    listing = {
        "code": "folder 755",
        "code/train.py": f"644 {'1' * 64}",
        "code/link": "link train.py",
        "models/model": f"600 {'2' * 64}",
        "opt/venv/bin/python": f"755 {'3' * 64}",
    }
    assert signed_files(listing) == {"code/train.py": "1" * 64, "models/model": "2" * 64}


def test_checks_of_files_say_more_than_those_of_folders() -> None:
    def check(name: str, ok: bool = False) -> IntegrityCheck:
        return IntegrityCheck(name=name, expected="a", actual="b", ok=ok)

    folders = [check("/code"), check("companion /data")]
    file = check("layer code: file /code/train.py")
    assert wrong_checks([check("base", ok=True), *folders, file]) == [file]
    assert wrong_checks(folders) == folders
