"""Statements have the form that their readers' schemas say."""

from __future__ import annotations

import hashlib
import json

import pytest
from pydantic import ValidationError

from packager.model.dsse import PACKAGE
from packager.trust.statements import (
    OMS,
    TEST_RESULT,
    PackageBinding,
    ResourceDescriptor,
    Statement,
    TestResult,
    binding_statement,
    cosign_statement,
    described,
    oms_statement,
    result_statement,
)

BINDING = PackageBinding(
    name="shop",
    version="1.0.0",
    root="2" * 64,
    config_digest=f"sha256:{'3' * 64}",
    platform="linux/amd64",
    data_fingerprint=None,
    companion=None,
)


def test_the_statement_of_cosign_has_one_subject_without_a_name() -> None:
    assert json.loads(cosign_statement("1" * 64).dump()) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": "1" * 64}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_an_oms_signature_lists_files_by_path_and_hashes_their_digests() -> None:
    one, two = "aa" * 32, "bb" * 32
    found = oms_statement("shop", {"models/b": two, "code/a": one})
    root = hashlib.sha256(bytes.fromhex(one) + bytes.fromhex(two)).hexdigest()
    assert found.subject == (described("shop", root),)
    assert found.predicate_type == OMS
    assert [entry["name"] for entry in found.predicate["resources"]] == ["code/a", "models/b"]
    assert found.predicate["serialization"] == {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [],
    }


def test_the_binding_has_all_its_fields_and_no_other() -> None:
    found = binding_statement(BINDING, [described("x", "1" * 64)])
    assert found.predicate_type == PACKAGE
    assert PackageBinding.model_validate(found.predicate) == BINDING
    with pytest.raises(ValidationError):
        PackageBinding.model_validate({**found.predicate, "more": 1})


def test_a_test_result_is_named_by_its_configuration() -> None:
    result = TestResult(
        result="FAILED",
        configuration=(ResourceDescriptor(name="replay"),),
        failed_tests=("artifact",),
    )
    found = result_statement(result, [described("x", "1" * 64)])
    assert found.predicate_type == TEST_RESULT
    assert found.predicate["failedTests"] == ["artifact"]
    assert TestResult.model_validate(found.predicate).kind == "replay"


def test_unknown_fields_of_standard_records_are_passed_over() -> None:
    told = json.loads(cosign_statement("1" * 64).dump()) | {"new": 1}
    assert Statement.model_validate(told).names("1" * 64)
    assert not Statement.model_validate(told).names("2" * 64)


def test_a_statement_without_subject_is_none() -> None:
    told = json.loads(cosign_statement("1" * 64).dump()) | {"subject": []}
    with pytest.raises(ValidationError):
        Statement.model_validate(told)
