"""Everything is signed about a package that is what its manifest says, and nothing of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import Built, built
from signed_packages import new_key

from packager.errors import PackageError
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.trust.keys import PrivateKey
from packager.trust.sign import sign_package, statements_of
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


def test_signing_is_deterministic_and_refuses_a_wrong_image(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference:
        facts = examined_facts(reference)
        assert sign_package(facts, key) == sign_package(examined_facts(reference), key)
    assert len(statements_of(facts, ())) == 5
    (check, *rest) = facts.checks
    bad = replace(facts, checks=(check.model_copy(update={"ok": False}), *rest))
    with pytest.raises(PackageError, match=r"shop.*: base: expected") as raised:
        sign_package(bad, key)
    assert "so it is not signed" in (raised.value.hint or "")
