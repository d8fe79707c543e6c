"""The licences of a package are those of the wheels in its image."""

from __future__ import annotations

from pathlib import Path

from sbom_samples import FIT, WEB, opened_package

from packager.trust.licences import Licence
from packager.trust.wheel_licences import wheel_licences


def test_each_wheel_of_the_image_has_the_licence_of_its_metadata(tmp_path: Path):
    with opened_package(tmp_path) as reference:
        assert wheel_licences(reference) == [
            (FIT, Licence("expression", ("MIT",))),
            (WEB, Licence("classifier", ("BSD License",))),
        ]
