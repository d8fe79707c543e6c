"""The licences of a package are those of the wheels in its image."""

from __future__ import annotations

from pathlib import Path

import pytest
from sbom_samples import FIT, WEB, WHEEL_FILES, info, opened_package

from packager.errors import PackageError
from packager.trust.licences import Licence
from packager.trust.wheel_licences import readable_licences, wheel_licences


def test_each_wheel_of_the_image_has_the_licence_of_its_metadata(tmp_path: Path):
    with opened_package(tmp_path) as reference:
        assert wheel_licences(reference) == [
            (FIT, Licence("expression", ("MIT",))),
            (WEB, Licence("classifier", ("BSD License",))),
        ]


def test_a_wheel_without_metadata_is_told_and_the_others_keep_their_licences(tmp_path: Path):
    files = {name: text for name, text in WHEEL_FILES.items() if not name.startswith(info(FIT))}
    with opened_package(tmp_path, wheels=files) as reference:
        held, problems = readable_licences(reference)
        assert [wheel for wheel, _ in held] == [WEB]
        assert [one.message for one in problems] == [
            f"{reference.name}: fit-it 1.0: expected its METADATA in the image, as the lock names "
            "this wheel, got none"
        ]
        with pytest.raises(PackageError, match=r"fit-it 1\.0: expected its METADATA"):
            wheel_licences(reference)
