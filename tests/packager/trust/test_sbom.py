"""Bills of materials: valid, the same bytes twice, and equal to what is in the image."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name
from sbom_samples import BASE, FIT, WEB, WHEEL_FILES, info, make_package, opened_package

from packager.errors import PackageError
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.export import write_archive
from packager.image.layers import plain_layer
from packager.image.reference import open_reference
from packager.image.rootfs import unpack_layers
from packager.trust.sbom import base_bill, bill_of_materials

pytestmark = pytest.mark.slow

VERSIONS = {"1.5": SchemaVersion.V1_5, "1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}


def problem(bill: bytes | dict[str, Any], spec: str = "1.6") -> str | None:
    """What the library's strict validator says against a bill; None if it is valid."""
    text = bill.decode() if isinstance(bill, bytes) else json.dumps(bill)
    found = JsonStrictValidator(VERSIONS[spec]).validate_str(text)
    return None if found is None else str(found)


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in components:
        yield one
        yield from walk(one.get("components", []))


def named(bill: bytes | dict[str, Any], kind: str) -> set[tuple[str, str]]:
    """Names and versions of the components at the top whose purl is of ``kind``."""
    told = json.loads(bill) if isinstance(bill, bytes) else bill
    return {
        (one["name"], one["version"])
        for one in told["components"]
        if one.get("purl", "").startswith(f"pkg:{kind}/")
    }


def edges(bill: dict[str, Any]) -> dict[str, list[str]]:
    return {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with opened_package(tmp_path_factory.mktemp("package")) as reference:
        told: dict[str, Any] = json.loads(bill_of_materials(reference))
    return told


@pytest.mark.parametrize("spec", ["1.5", "1.6", "1.7"])
def test_a_bill_is_valid_and_the_same_bytes_twice(tmp_path: Path, spec):
    bills = []
    for number in range(2):
        with opened_package(tmp_path / str(number)) as reference:
            bills.append(bill_of_materials(reference, spec=spec))
    assert bills[0] == bills[1]
    assert problem(bills[0], spec) is None
    told = json.loads(bills[0])
    assert told["specVersion"] == spec
    assert "timestamp" not in told["metadata"]
    assert b'"data":' not in bills[0]


def test_a_validator_that_took_anything_would_be_noticed(bill):
    assert problem(bill) is None
    assert problem({**bill, "unknown": 1}) is not None
    wrong = json.loads(json.dumps(bill))
    next(one for one in wrong["components"] if one["bom-ref"] == "model")["modelCard"]["x"] = 1
    assert problem(wrong) is not None
    wrong["components"][0]["type"] = "strange"
    assert problem(wrong) is not None


def test_another_package_has_another_serial_number(tmp_path: Path, bill):
    with opened_package(tmp_path, texts=None) as reference:
        other = json.loads(bill_of_materials(reference))
    assert other["serialNumber"] != bill["serialNumber"]
    root = {one["name"]: one["value"] for one in other["metadata"]["properties"]}
    assert root == {
        "model-packager:root": reference.manifest.root,
        "model-packager:image": "image",
        "model-packager:platform": "linux/amd64",
        "model-packager:proved-on": "native",
    }


def test_a_bill_has_wheels_debs_system_model_and_code(bill):
    assert named(bill, "pypi") == {("fit-it", "1.0"), ("web", "1.0")}
    assert named(bill, "deb") == {("libssl3", "3.0.1-2"), ("tzdata", "2026f-0")}
    kinds = {one["bom-ref"]: one["type"] for one in bill["components"] if "purl" not in one}
    assert kinds == {
        "model": "machine-learning-model",
        "code": "application",
        "runtime": "framework",
        "operating-system": "operating-system",
    }
    model = next(one for one in bill["components"] if one["bom-ref"] == "model")
    assert model["description"] == "Prices <flats>."
    assert model["supplier"] == {"name": "Team | A"}
    assert model["modelCard"]["considerations"]["useCases"] == ["One.\n\nTwo."]
    assert [one["name"] for one in model["components"]] == ["models/model"]


def test_scanners_count_a_deb_below_the_operating_system_and_wheels_below_the_image(bill):
    found = edges(bill)
    debs = {one["bom-ref"] for one in bill["components"] if "pkg:deb" in one.get("purl", "")}
    assert set(found["operating-system"]) == debs
    assert not debs & set(found["container"])
    assert {"operating-system", "model", "code"} < set(found["container"])
    wheels = {one["name"]: one["bom-ref"] for one in bill["components"] if one["name"] != "shop"}
    assert set(found["code"]) == {wheels["fit-it"]}
    assert set(found["runtime"]) == {wheels["web"]}


def test_requirements_of_wheels_on_each_other_are_edges(tmp_path: Path):
    files = dict(WHEEL_FILES)
    text = files[f"{info(FIT)}/METADATA"].replace(b"; extra == 'all'", b"")
    files[f"{info(FIT)}/METADATA"] = text
    both = [one.model_copy(update={"groups": ("model",)}) for one in (FIT, WEB)]
    made = make_package(tmp_path, wheels=files)
    lock = made.lock.model_copy(update={"wheels": tuple(both)})
    with open_reference(str(made.folder), None) as reference:
        object.__setattr__(reference, "lock", lambda: lock)
        told = json.loads(bill_of_materials(reference))
    refs = {one["name"]: one["bom-ref"] for one in told["components"]}
    assert edges(told)[refs["fit-it"]] == [refs["web"]]


def test_a_dist_info_that_was_deleted_ends_the_bill(tmp_path: Path):
    files = {name: text for name, text in WHEEL_FILES.items() if not name.startswith(info(WEB))}
    with (
        opened_package(tmp_path, wheels=files) as reference,
        pytest.raises(PackageError, match=r"web 1\.0: expected its METADATA in the image"),
    ):
        bill_of_materials(reference)


def test_python_of_the_base_and_its_distributions_are_listed(tmp_path: Path):
    upper = {
        "usr/local/include/python3.11/patchlevel.h": b'#define PY_VERSION   "3.11.9"\n',
        "usr/local/lib/python3.11/site-packages/pip-24.dist-info/METADATA": (
            b"Name: pip\nVersion: 24.0\nLicense: MIT\n"
        ),
    }
    with opened_package(tmp_path, upper=upper) as reference:
        made = bill_of_materials(reference)
    assert problem(made) is None
    assert named(made, "generic") == {("python", "3.11.9")}
    assert ("pip", "24.0") in named(made, "pypi")


def test_a_distribution_of_the_base_that_states_no_name_is_told(tmp_path: Path):
    upper = {
        f"usr/lib/{name}-1.dist-info/METADATA": text
        for name, text in (("a", b"Name: /\nVersion: 1\n"), ("b", bytes(range(256))))
    }
    with opened_package(tmp_path, upper=upper) as reference:
        made = bill_of_materials(reference)
    assert problem(made) is None
    system = next(
        one for one in json.loads(made)["components"] if one["bom-ref"] == "operating-system"
    )
    told = [one["value"] for one in system["properties"] if "unread" in one["name"]]
    assert told == ["/usr/lib/a-1.dist-info", "/usr/lib/b-1.dist-info"]


def test_a_base_that_only_records_versions_has_them_and_one_without_any_says_so(tmp_path: Path):
    bare = {"usr/lib/os-release": BASE["usr/lib/os-release"]}
    with opened_package(tmp_path / "a", base=bare) as reference:
        assert named(bill_of_materials(reference), "deb") == {
            ("libssl3", "3.0.1-2"),
            ("tzdata", "2026f-0"),
        }
        lock = reference.lock()
        assert lock.base != "none"
        empty = lock.model_copy(update={"base": lock.base.model_copy(update={"packages": ()})})
        object.__setattr__(reference, "lock", lambda: empty)
        told = json.loads(bill_of_materials(reference))
    system = next(one for one in told["components"] if one["bom-ref"] == "operating-system")
    properties = {one["name"]: one["value"] for one in system["properties"]}
    assert properties["model-packager:packages"] == "unknown: no dpkg database found"


def test_a_base_has_a_bill_of_its_own(tmp_path: Path):
    layer = plain_layer("base", tmp_path / "x.tar", [])
    files = {f"{layer.diff_id[7:]}.tar": layer.path}
    (tmp_path / "layers").mkdir()
    for name, path in files.items():
        shutil.copy(path, tmp_path / "layers" / name)
    saved = SavedBase(
        reference="package-base:x",
        platform="linux/amd64",
        diff_ids=(layer.diff_id,),
        sizes=(layer.size,),
        env=(),
        interpreter="/usr/bin/python3",
        python="3.11",
        glibc=(2, 36),
        version="3.11.2",
        said="",
        origin="debian",
        packages=("a=1",),
    )
    made = base_bill(BaseImage(saved, tmp_path, None))
    assert problem(made) is None
    told = json.loads(made)
    assert (told["metadata"]["component"]["name"], named(made, "deb")) == (
        "package-base",
        {("a", "1")},
    )
    assert made == base_bill(BaseImage(saved, tmp_path, None))


def test_the_bill_of_a_built_package_equals_what_its_folders_say(local_package, tmp_path: Path):
    with open_reference(local_package.reference, None) as reference:
        made = bill_of_materials(reference, companion=True)
        image, lock = reference.image(companion=True), reference.lock()
        for layer in image.layers:
            with layer.open() as source, (tmp_path / f"{layer.diff_id[7:]}.tar").open("wb") as file:
                shutil.copyfileobj(source, file)
    tars = [tmp_path / f"{layer.diff_id[7:]}.tar" for layer in image.layers]
    root = unpack_layers(tars, tmp_path / "root")
    sites = [str(path) for path in root.glob("opt/wheels/*/lib/python*/site-packages")]
    installed = {
        (canonicalize_name(one.name), one.version)
        for one in importlib.metadata.distributions(path=sites)
    }
    assert named(made, "pypi") == installed
    assert len(installed) == len({wheel.sha256 for wheel in lock.wheels})
    assert problem(made) is None
    told = json.loads(made)
    data = next(one for one in told["components"] if one["type"] == "data")
    assert [one["name"] for one in data["components"]] == ["data/source/visits.csv"]
    nested = [one for one in walk(told["components"]) if "pkg:cargo" in one.get("purl", "")]
    assert nested


def test_a_solutions_bill_has_each_member_with_a_card(local_solution):
    with open_reference(local_solution.reference, None) as reference:
        made = bill_of_materials(reference)
        members = reference.manifest.solution.members
    assert problem(made) is None
    told = json.loads(made)
    model = next(one for one in told["components"] if one["bom-ref"] == "model")
    inner = {
        one["bom-ref"]: one
        for one in model["components"]
        if one["type"] == "machine-learning-model"
    }
    assert inner.keys() == {f"member:{one.name}" for one in members}
    assert all("modelParameters" in one["modelCard"] for one in inner.values())


def test_syft_finds_in_the_image_what_the_bill_lists(local_package, tmp_path: Path):
    if shutil.which("syft") is None:
        pytest.skip("no syft here")
    with open_reference(local_package.reference, None) as reference:
        write_archive([reference.image()], tmp_path / "image.tar")
        made = bill_of_materials(reference)
    command = ["syft", "-q", f"docker-archive:{tmp_path / 'image.tar'}", "-o", "json"]
    done = subprocess.run(command, capture_output=True, check=True)
    found = {
        (canonicalize_name(one["name"]), one["version"])
        for one in json.loads(done.stdout)["artifacts"]
    }
    assert found == named(made, "pypi")
