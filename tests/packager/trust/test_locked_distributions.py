"""Every wheel of the lock has its metadata in the image, and nothing else has."""

from __future__ import annotations

import pytest
from host_samples import LOCK
from sbom_samples import FIT, STATS, WEB, WHEEL_FILES, info, metadata

from packager.errors import PackageError
from packager.image.wheels import folder_path
from packager.trust.image_inventory import Inventory
from packager.trust.locked_distributions import locked_distributions

WHOLE = LOCK.model_copy(update={"wheels": (FIT, STATS, WEB)})
VENDORED = f"{folder_path([WEB])}/lib/python3.11/site-packages/web/_vendor/a-2.dist-info"


def assigned(files, layers=("model",)):
    return locked_distributions(Inventory(files).distributions, WHOLE, layers, "shop:1")


def test_an_image_that_serves_has_the_wheels_of_model_and_server():
    files = {**WHEEL_FILES, "usr/lib/python3/dist-packages/b-1.dist-info/METADATA": b"Name: b\n"}
    found = assigned(files)
    assert [wheel for wheel, _ in found.wheels] == [FIT, WEB]
    assert [one.folder for _, one in found.wheels] == [info(FIT), info(WEB)]
    assert [one.folder for one in found.base] == ["usr/lib/python3/dist-packages/b-1.dist-info"]


def test_an_image_that_trains_has_those_of_the_harness_too():
    with pytest.raises(PackageError, match=r"shop:1: s 1\.0: expected its METADATA in the image"):
        assigned(WHEEL_FILES, ("model", "worker environment"))
    files = {**WHEEL_FILES, f"{info(STATS)}/METADATA": metadata(STATS)}
    assert len(assigned(files, ("model", "worker environment")).wheels) == 3


@pytest.mark.parametrize("gone", [FIT, WEB])
def test_a_wheel_whose_metadata_was_deleted_is_noticed(gone):
    files = {name: text for name, text in WHEEL_FILES.items() if not name.startswith(info(gone))}
    with pytest.raises(PackageError) as caught:
        assigned(files)
    assert caught.value.message == (
        f"shop:1: {gone.name} 1.0: expected its METADATA in the image, as the lock names this "
        "wheel, got none"
    )
    assert "package inspect REF --check" in caught.value.hint


def test_another_version_and_another_distribution_are_noticed():
    other = FIT.model_copy(update={"version": "2.0"})
    with pytest.raises(PackageError, match=r"fit-it 1\.0: expected its METADATA"):
        assigned({**WHEEL_FILES, f"{info(FIT)}/METADATA": metadata(other)})
    place = info(WEB).replace("web-1.0", "extra-1.0")
    with pytest.raises(PackageError, match=r"extra-1\.0\.dist-info: expected distributions of the"):
        assigned({**WHEEL_FILES, f"{place}/METADATA": b"Name: extra\nVersion: 1.0\n"})
    with pytest.raises(PackageError, match=r"extra-1\.0\.dist-info: expected distributions of the"):
        assigned({**WHEEL_FILES, f"{place}/METADATA": b"no name"})


def test_a_copy_inside_of_a_wheel_belongs_to_the_wheel():
    found = assigned({**WHEEL_FILES, f"{VENDORED}/METADATA": b"Name: a\nVersion: 2\n"})
    assert [(wheel, one.folder) for wheel, one in found.vendored] == [(WEB, VENDORED)]


def test_names_and_versions_are_compared_as_packaging_does():
    files = {**WHEEL_FILES, f"{info(FIT)}/METADATA": b"Name: Fit.It\nVersion: 1.0.0\n"}
    assert len(assigned(files).wheels) == 2
