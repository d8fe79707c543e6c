"""The start settings of an image's containers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from host_samples import LOCK, MANIFEST

from packager.image.config import assemble, start_settings
from packager.trust.settings import label_checks, settings_checks, version_checks


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Env", ["LD_PRELOAD=/code/x.so"]),
        ("Entrypoint", ["/code/x"]),
        ("User", "0:0"),
        ("Volumes", {"/models": {}}),
        ("WorkingDir", "/tmp"),
        ("StopTimeout", 0),
    ],
)
def test_other_settings_than_a_build_writes_are_named(key: str, value: Any) -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    config = json.loads(assemble("shop", None, (), lock.platform, {}).config)
    expected = start_settings(None)
    assert all(check.ok for check in settings_checks("image", config, lock.platform, expected))
    config["config"][key] = value
    checks = settings_checks("image", config, lock.platform, expected)
    wrong = [check for check in checks if not check.ok]
    assert [check.name for check in wrong] == [f"image: {key}"]


@pytest.mark.parametrize("key", ["architecture", "os"])
def test_an_image_for_another_platform_than_the_lock_says_is_named(key: str) -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    config = json.loads(assemble("shop", None, (), lock.platform, {}).config) | {key: "s390x"}
    checks = settings_checks("image", config, lock.platform, start_settings(None))
    assert [check.name for check in checks if not check.ok] == [f"image: {key}"]


def test_recorded_settings_of_another_version_are_named() -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    assert all(check.ok for check in version_checks(start_settings(None), lock))
    other = start_settings(None) | {"Env": ["LD_PRELOAD=/code/x.so"]}
    wrong = [check for check in version_checks(other, lock) if not check.ok]
    assert [check.name for check in wrong] == ["manifest: Env"]
    served = start_settings(None, grpc=True)
    assert all(check.ok for check in version_checks(served, lock, grpc=True))
    wrong = [check for check in version_checks(served, lock) if not check.ok]
    assert [check.name for check in wrong] == ["manifest: ExposedPorts"]


def test_labels_that_call_the_package_another_are_named() -> None:
    own = {"model-packager.name": MANIFEST.name, "org.opencontainers.image.title": MANIFEST.name}
    assert label_checks("image", {"config": {"Labels": {**own, "team": "x"}}}, MANIFEST) == []
    assert label_checks("image", {"config": {}}, MANIFEST) == []
    for name in (*own, "model-packager.task", "org.opencontainers.image.version"):
        (check,) = label_checks("image", {"config": {"Labels": {**own, name: "other"}}}, MANIFEST)
        assert (check.name, check.actual, check.ok) == (f"image: label {name}", "other", False)
