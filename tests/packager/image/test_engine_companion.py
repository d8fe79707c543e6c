"""A companion that is named in an engine stands for its image."""

from __future__ import annotations

from typing import Any, cast

import pytest

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import LABEL
from packager.image.engine_companion import is_companion, labels, package_in_engine

ROOT, OTHER = "1" * 64, "2" * 64


class Described:
    """What an engine says of its images: name → labels."""

    def __init__(self, **images: dict[str, str]) -> None:
        self._images = images

    def describe(self, name: str) -> dict[str, Any] | None:
        if name not in self._images:
            return None
        config = {"Labels": self._images[name]}
        return {"Id": f"sha256:{name}", "Config": config, "RootFS": {"Layers": []}}

    def history(self, _: str) -> list[dict[str, Any]]:
        return []


IMAGE = {f"{LABEL}.root": ROOT}
COMPANION = {**IMAGE, f"{LABEL}.companion-of": ROOT}


def found(text: str, **images: dict[str, str]) -> tuple[str, str, str]:
    read, main, config = package_in_engine(cast(Engine, Described(**images)), text)
    return read, main, config["digest"]


def test_both_names_of_a_package_lead_to_its_image() -> None:
    images = {"shop": IMAGE, "shop-replay": COMPANION}
    assert found("shop", **images) == ("shop", "shop", "sha256:shop")
    assert found("shop-replay", **images) == ("shop", "shop", "sha256:shop")


def test_a_companion_alone_is_read_itself() -> None:
    one = {"shop-replay": COMPANION, "renamed": COMPANION}
    assert found("shop-replay", **one) == ("shop-replay", "shop", "sha256:shop-replay")
    assert found("renamed", **one) == ("renamed", "renamed", "sha256:renamed")


def test_an_image_whose_name_ends_so_is_no_companion() -> None:
    images = {"shop-replay": IMAGE, "shop": IMAGE}
    assert found("shop-replay", **images)[2] == "sha256:shop-replay"


def test_the_companion_of_another_package_is_refused() -> None:
    images = {"shop": {f"{LABEL}.root": OTHER}, "shop-replay": COMPANION}
    with pytest.raises(PackageError, match=f"companion of shop, root {OTHER}, got .* {ROOT}") as r:
        found("shop-replay", **images)
    assert "name shop if it is what you mean" in (r.value.hint or "")
    with pytest.raises(PackageError, match="is not a package"):
        found("x", x={})


def test_labels_and_kind_of_a_config() -> None:
    assert labels({"config": {"Labels": None}}) == {}
    assert is_companion({"config": {"Labels": COMPANION}})
    assert not is_companion({"config": {"Labels": IMAGE}})
