"""Provenance names what a package was made of, and in-toto's own parser takes it."""

from __future__ import annotations

import base64
import json

from google.protobuf.json_format import Parse
from host_samples import MANIFEST
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from provenance_samples import BASED, SUBJECT, TRAINED

from packager.manifest.manifest import Manifest
from packager.trust.measured import results_at_build
from packager.trust.provenance import Provenance, data_dependencies, provenance_statement
from packager.trust.statements import result_statement


def predicate(manifest: Manifest = TRAINED) -> Provenance:
    return Provenance.model_validate(provenance_statement(manifest, BASED, [SUBJECT]).predicate)


def test_data_base_wheels_and_code_are_the_dependencies() -> None:
    assert predicate().dependencies() == {
        "data/source/visits.csv": "a" * 64,
        "data/test/held.csv": "b" * 64,
        "table/visits@5": "f" * 64,
        "base/layer 0": "d" * 64,
        "shop-1.0-py3-none-any.whl": "0" * 64,
        "code/train.py": "c" * 64,
    }
    first = next(data_dependencies(TRAINED))
    assert first.annotations == {"fingerprint": f"dfp/1 sha256:{'f' * 64}", "training": "true"}


def test_recipe_and_findings_are_told() -> None:
    found = predicate()
    assert found.build_definition.external_parameters["recipe"]["params"] == {"depth": 3}
    (findings,) = found.run_details.byproducts
    assert findings.name == "findings.json"
    assert json.loads(base64.b64decode(findings.content or ""))["counts"]["duplicate"] == 4


def test_a_model_trained_elsewhere_has_no_recipe_and_no_data() -> None:
    found = predicate(MANIFEST)
    assert found.build_definition.external_parameters["recipe"] == "none"
    assert not list(data_dependencies(MANIFEST))


def test_the_same_package_has_the_same_provenance_without_a_time() -> None:
    one, two = (provenance_statement(TRAINED, BASED, [SUBJECT]).dump() for _ in "ab")
    assert one == two
    assert b"startedOn" not in one


def test_the_protobufs_of_in_toto_take_provenance_and_test_results() -> None:
    said = provenance_statement(TRAINED, BASED, [SUBJECT])
    parsed = Parse(said.dump(), statement_pb2.Statement())
    assert parsed.predicate_type == "https://slsa.dev/provenance/v1"
    found = Parse(json.dumps(said.predicate), provenance_pb2.Provenance())
    assert len(found.build_definition.resolved_dependencies) == 6
    (result,) = results_at_build(TRAINED)
    told = result_statement(result, [SUBJECT])
    read = Parse(json.dumps(told.predicate), test_result_pb2.TestResult())
    assert (read.result, list(read.warned_tests)) == ("WARNED", ["duplicate: 4"])
