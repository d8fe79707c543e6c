"""``package sbom``: of a package, to a file or stdout, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import package_here
from sbom_samples import make_package

from packager.image.reference import open_reference
from packager.trust.sbom import bill_of_materials
from packager.trust.spdx import to_spdx


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_package(tmp_path_factory.mktemp("made")).folder


def test_a_file_has_the_bytes_of_the_bill(made: Path, tmp_path: Path):
    out = tmp_path / "x.json"
    out.write_text("earlier")
    done = package_here("sbom", f"oci:{made}", "--output", out)
    assert (done.code, done.out) == (0, f"{out}\n")
    with open_reference(str(made), None) as reference:
        bill = bill_of_materials(reference)
    assert out.read_bytes() == bill
    assert package_here("sbom", made, "--json", "--output", out).json == {"output": str(out)}
    assert out.read_bytes() == bill
    done = package_here("sbom", made, "--format", "spdx")
    assert json.loads(done.out) == json.loads(to_spdx(bill))


def test_an_earlier_version_of_the_format_is_written_on_demand(made: Path):
    done = package_here("sbom", made, "--spec", "1.5")
    assert done.json["specVersion"] == "1.5"


@pytest.mark.parametrize(
    ("options", "message", "hint", "code"),
    [
        (["--spec", "1.5", "--format", "spdx"], "--spec: expected --format cyclonedx", "leave", 2),
        (["--companion"], "--companion: expected a package with a companion", "leave it out", 2),
        (["--output", "/proc/no/x.json"], "/proc/no/x.json: can't be written", "", 1),
    ],
)
def test_wrong_options_are_refused(made: Path, options, message: str, hint: str, code: int):
    done = package_here("sbom", made, *options)
    assert done.code == code
    assert message in done.err
    assert f"hint: {hint}" in done.err


def test_what_is_neither_a_package_nor_a_base_is_refused():
    done = package_here("sbom", "nothing:1")
    assert done.code == 1
    assert "nothing:1: no such folder or file, and no engine responds" in done.err
