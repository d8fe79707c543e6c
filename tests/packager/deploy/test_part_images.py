"""Images of the services beside a model: tags of one table, or digests in their place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from deployed_models import IMAGE, MODEL, Packaged, contents
from stacked_models import stack_document, stacked

from packager.deploy.compose.deploy import ComposeOptions, deploy_compose
from packager.deploy.fleet import Fleet
from packager.deploy.part_images import (
    PART_IMAGES,
    compose_image,
    parsed_pins,
    part_image,
    with_pins,
)
from packager.deploy.prometheus.rules import Objectives
from packager.errors import UsageError

PINNED = f"docker.io/library/redis@sha256:{'a' * 64}"


def test_a_pin_replaces_the_tag_and_an_empty_one_takes_it_back() -> None:
    pins = with_pins({}, parsed_pins([f"redis={PINNED}"]))
    assert (part_image("redis", pins), part_image("redis", {})) == (PINNED, PART_IMAGES["redis"])
    assert compose_image("redis", pins) == f"${{REDIS_IMAGE:-{PINNED}}}"
    assert with_pins(pins, parsed_pins(["redis="])) == {}


@pytest.mark.parametrize("text", ["redis", "nginx=a@sha256:" + "0" * 64, "=x", ""])
def test_what_names_no_service_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--pin: expected SERVICE=IMAGE with one of proxy, prom"):
        parsed_pins([text])


@pytest.mark.parametrize("image", ["redis:7", "redis@sha256:12", "a b@sha256:" + "0" * 64])
def test_an_image_without_its_digest_is_refused(image: str) -> None:
    with pytest.raises(UsageError, match=r"^--pin redis: expected NAME@sha256:… with 64 hex"):
        parsed_pins([f"redis={image}"])


def images(document: dict) -> dict[str, str]:
    return {name: one["image"] for name, one in document["services"].items()}


@pytest.mark.slow
def test_a_folder_keeps_its_pins_for_other_models_and_versions(tmp_path: Path) -> None:
    def write(pins: dict[str, str]) -> dict[str, str]:
        asked = ComposeOptions(added=("redis",), pins=pins)
        deploy_compose(Packaged(MODEL, IMAGE), tmp_path, asked, Objectives())  # type: ignore[arg-type]
        return images(yaml.safe_load((tmp_path / "compose.yml").read_text()))

    plain = write({})
    before = contents(tmp_path)
    pinned = {**plain, "redis": f"${{REDIS_IMAGE:-{PINNED}}}"}
    assert write({"redis": PINNED}) == pinned
    assert write({}) == pinned
    assert write({"redis": ""}) == plain
    assert contents(tmp_path) == before


def test_every_service_of_a_stack_beside_the_model_can_be_pinned(tmp_path: Path) -> None:
    pins = dict.fromkeys((*PART_IMAGES, "tracker"), PINNED)
    stacked(tmp_path, pins=pins, parts=(("redis",), ()))
    found = images(stack_document(tmp_path))
    model = {name for name in found if name.startswith("model-")}
    assert {found[name] for name in found.keys() - model} == {
        PINNED,
        *(f"${{{name.upper()}_IMAGE:-{PINNED}}}" for name in PART_IMAGES),
    }
    assert Fleet({}, pins=pins).notes["pins"] == pins
