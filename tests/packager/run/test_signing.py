"""Before a signature an image is compared with all that this installation knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_packages import built

from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.run.signing import facts_to_sign

pytestmark = pytest.mark.slow


def test_contents_bytecode_and_settings_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    made = built(tmp_path)
    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference:
        facts = facts_to_sign(reference, None)
    assert all(check.ok for check in facts.checks)
    names = {check.name for check in facts.checks}
    assert {"base", "runtime", "runtime bytecode", "code layer", "image: settings"} <= names
    assert facts.files
