from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import MANIFEST, RecordedProgress
from image_samples import make_images
from registries import StartedRegistry

from packager.errors import PackageError, UsageError
from packager.image.export import Destination
from packager.image.reference import open_reference
from packager.image.registry_export import check_destination, pushed, write_images
from packager.trust.facts import index_of

pytestmark = pytest.mark.usefixtures("no_login")


@pytest.mark.slow
@pytest.mark.parametrize("companion", [False, True])
def test_a_build_writes_to_a_registry(running: StartedRegistry, tmp_path: Path, companion: bool):
    name = f"out/{'both' if companion else 'one'}"
    output = Destination.parse(f"registry:{running.host}/{name}", companion=companion)
    images = make_images(tmp_path)
    check_destination(output)
    write_images(images, output, None, RecordedProgress())
    assert running.tags(name) == [MANIFEST.tag]
    assert running.tags(f"{name}-replay") == ([MANIFEST.tag] if companion else [])
    told = pushed(images, output)
    assert len(told) == 1 + companion
    written = output.reference_of(images[0].name)
    assert written == f"registry:{running.host}/{name}:{MANIFEST.tag}"
    with open_reference(written, None) as found:
        assert found.source == told[0]
        assert found.has_companion is companion


@pytest.mark.slow
def test_a_tag_of_ones_own_names_image_and_companion(running: StartedRegistry, tmp_path: Path):
    output = Destination.parse(f"registry:{running.host}/own/model:stable", companion=True)
    write_images(make_images(tmp_path), output, None, RecordedProgress())
    assert running.tags("own/model") == running.tags("own/model-replay") == ["stable"]


@pytest.mark.slow
@pytest.mark.parametrize("companion", [False, True])
def test_images_of_several_platforms_are_an_index(
    running: StartedRegistry, tmp_path: Path, companion: bool
):
    name = f"several/{'both' if companion else 'one'}"
    output = Destination.parse(f"registry:{running.host}/{name}:1", companion=companion)
    images = [
        image
        for platform in ("linux/amd64", "linux/arm64")
        for image in make_images(tmp_path / platform[6:], platform=platform)
    ]
    write_images(images, output, None, RecordedProgress())
    told = pushed(images, output)
    assert len(told) == 1 + companion
    for platform in ("linux/amd64", "linux/arm64"):
        for place in (f"{running.host}/{name}:1", told[0]):
            with open_reference(f"registry:{place}", None, platform) as found:
                assert found.platform == platform
                index = index_of(found)
                assert index is not None
                assert f"{running.host}/{name}@{index.descriptor.digest}" == told[0]
    assert running.tags(f"{name}-replay") == (["1"] if companion else [])


def test_a_registry_that_does_not_answer_ends_a_build_before_it_begins(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(PackageError, match="no answer from the registry"):
        check_destination(Destination.parse("registry:127.0.0.1:9/model"))


@pytest.mark.parametrize(
    ("text", "companion", "said"),
    [
        ("registry:model", False, "expected a registry's host"),
        ("registry:", False, "docker-archive:FILE or registry:HOST/NAME, got 'registry:'"),
        (f"registry:a.b/c@sha256:{'0' * 64}", False, "with or without a tag, got"),
        ("oci:x", True, "--companion: expected --output registry:HOST/NAME with it, got 'oci:x'"),
    ],
)
def test_a_wrong_destination_is_a_usage_error(text: str, companion: bool, said: str):
    with pytest.raises(UsageError, match=said):
        Destination.parse(text, companion=companion)
