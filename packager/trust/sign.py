"""Signing of a package: every statement about it, by one key."""

from __future__ import annotations

import json
from collections.abc import Sequence

from packager.errors import PackageError
from packager.trust.envelope import signed_bundle
from packager.trust.facts import PackageFacts
from packager.trust.keys import PrivateKey
from packager.trust.measured import results_at_build
from packager.trust.provenance import provenance_statement
from packager.trust.statements import (
    Statement,
    TestResult,
    bill_statement,
    binding_statement,
    cosign_statement,
    oms_statement,
    result_statement,
)


def statements_of(facts: PackageFacts, evidence: Sequence[TestResult]) -> list[Statement]:
    """Everything that is said about a package; ``evidence`` beside what the build measured."""
    assert facts.manifest_digest is not None
    assert facts.files is not None
    assert facts.bill is not None
    subjects = facts.subjects
    results = [*results_at_build(facts.manifest), *evidence]
    return [
        binding_statement(facts.binding, subjects),
        cosign_statement(facts.manifest_digest.removeprefix("sha256:")),
        oms_statement(facts.manifest.name, facts.files),
        provenance_statement(facts.manifest, facts.lock, subjects),
        bill_statement(json.loads(facts.bill()), subjects),
        *(result_statement(result, subjects) for result in results),
    ]


def sign_package(
    facts: PackageFacts, key: PrivateKey, evidence: Sequence[TestResult] = ()
) -> list[bytes]:
    """The bundle of each statement; raises ``PackageError`` for an image with wrong contents."""
    wrong = next((check for check in facts.checks if not check.ok), None)
    if wrong is not None:
        raise PackageError(
            f"{facts.name}: {wrong.name}: expected {wrong.expected}, got {wrong.actual}",
            "the image is not what its manifest says, so it is not signed: see `package inspect "
            "--check`, or build it again",
        )
    return [signed_bundle(statement, key) for statement in statements_of(facts, evidence)]
