"""What examples of a test hide; shares are built and run in testing/test_release_shares.py."""

from __future__ import annotations

from packager.manifest.manifest import Column, DataSource, Manifest, Schema
from packager.worker.test.solution_shares import hidden_columns


def test_declared_columns_are_hidden_and_those_that_the_build_found() -> None:
    """Of a target and right answers of members, the schema says nothing."""
    mail = Column(
        name="mail", kind="string", dtype="object", nullable=False, personal="e-mail addresses"
    )
    size = Column(name="size", kind="number", dtype="float64", nullable=False)
    manifest = Manifest.model_construct(
        schema_=Schema(features=(size,), extras=(mail,)),
        data=DataSource.model_construct(target="income", personal=("income", "mood")),
    )
    assert hidden_columns(manifest) == {"income", "mood", "mail"}
    without = manifest.model_copy(update={"data": "none"})
    assert hidden_columns(without) == {"mail"}
