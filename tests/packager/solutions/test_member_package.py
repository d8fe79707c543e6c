from __future__ import annotations

from pathlib import Path

import pytest
from command import Package

from modelhost.solution.spec import member_folder
from packager.errors import UsageError
from packager.image.reference import open_reference
from packager.model.paths import Root
from packager.project.sections import MemberSection
from packager.solutions.member_package import MemberPackage, top_modules, unpack_member


def test_a_package_is_unpacked_with_its_records_and_without_bytecode(
    local_package: Package, tmp_path: Path
) -> None:
    section = MemberSection(name="visits", package="x", deadline=2.5, on_error="null")
    with open_reference(local_package.reference, None) as reference:
        unpack_member(section, reference, tmp_path)
        manifest = reference.manifest
    root = Root(member_folder(tmp_path, "visits"))
    assert root.model.exists()
    assert (root.code / "train.py").is_file()
    assert not list(tmp_path.rglob("__pycache__"))
    found = MemberPackage.load(section, tmp_path)
    assert found.manifest == manifest
    assert "train" in found.modules
    record, spec = found.record("own"), found.spec("own")
    assert (record.root, record.version) == (manifest.root, manifest.version)
    assert (spec.deadline, spec.on_error, spec.process) == (2.5, "null", "own")
    assert [one.name for one in spec.features] == [c.name for c in manifest.schema_.features]


def test_a_solution_as_a_member(local_solution: Package, tmp_path: Path) -> None:
    section = MemberSection(name="claims", package="x")
    with (
        open_reference(local_solution.reference, None) as reference,
        pytest.raises(UsageError, match=r"\[\[member\]\] claims: expected a package of one model"),
    ):
        unpack_member(section, reference, tmp_path)
    assert not list(tmp_path.iterdir())


def test_modules_by_the_names_they_are_imported_by() -> None:
    code = ["train.py", "src/own/__init__.py", "lib/helper.py", "data.json", "src/flat.py"]
    assert top_modules(code) == {"train", "own", "lib", "flat"}
