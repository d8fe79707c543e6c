from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from image_samples import make_images

from packager.digest import canonical_json, sha256_bytes
from packager.image.config import assemble, environment, healthcheck, layer_names
from packager.image.layers import Layer
from packager.manifest.manifest import Base

LAYERS = (
    Layer("base", Path("/b"), "sha256:" + "1" * 64, 10),
    Layer("code", Path("/c"), "sha256:" + "2" * 64, 5),
)


def config(**changes) -> dict:
    given = {"name": "a:1", "base": None, "layers": LAYERS, "platform": "linux/arm64", "labels": {}}
    return json.loads(assemble(**{**given, **changes}).config)


def base(*env: str) -> Base:
    return Base(reference="python:3.11", diff_ids=(), env=env)


def test_the_config_is_canonical_and_names_the_image():
    image = assemble("a:1", None, LAYERS, "linux/amd64", {"b": "2", "a": "1"})
    assert canonical_json(json.loads(image.config)) == image.config
    assert image.digest == f"sha256:{sha256_bytes(image.config)}"
    assert image.size == 15


def test_the_name_and_the_place_of_layers_are_no_part_of_the_identity():
    moved = [Layer(x.name, Path("/else"), x.diff_id, x.size, "built", 3.0) for x in LAYERS]
    one = assemble("a:1", None, LAYERS, "linux/amd64", {})
    assert one.config == assemble("b:2", None, moved, "linux/amd64", {}).config


def test_layers_are_reported_in_order_with_what_they_hold():
    found = config()
    assert found["rootfs"] == {"type": "layers", "diff_ids": [x.diff_id for x in LAYERS]}
    assert layer_names(found) == ["base", "code"]
    assert layer_names({}) == []


def test_nothing_tells_when_it_was_made():
    found = config()
    assert found["created"] == "1970-01-01T00:00:00Z"
    assert {entry["created"] for entry in found["history"]} == {"1970-01-01T00:00:00Z"}


def test_it_serves_as_an_unprivileged_user_in_the_code_folder():
    found = config(labels={"a": "b"})
    assert (found["os"], found["architecture"]) == ("linux", "arm64")
    inner = found["config"]
    assert inner["Cmd"] == ["/opt/venv/bin/python", "-m", "serving"]
    assert inner["Entrypoint"] is None
    assert inner["User"] == "65532:0"
    assert inner["WorkingDir"] == "/code"
    assert inner["ExposedPorts"] == {"3000/tcp": {}}
    assert inner["Labels"] == {"a": "b"}
    assert inner["Healthcheck"] == healthcheck()


def test_the_health_check_needs_no_shell_and_counts_in_nanoseconds():
    check = healthcheck()
    assert check["Test"][0] == "CMD"
    assert check["Interval"] == 10 * 10**9


def test_variables_are_sorted_and_ours_win():
    found = environment(base("Z=1", "PATH=/x:/y", "TZ=Europe/Paris", "A=b=c"))
    assert found == sorted(found)
    assert "PATH=/opt/runtime/bin:/opt/venv/bin:/x:/y" in found
    assert "TZ=UTC" in found
    assert {"Z=1", "A=b=c"} <= set(found)


def test_without_a_base_there_is_a_path_all_the_same():
    assert "PATH=/opt/runtime/bin:/opt/venv/bin:/usr/local/bin:/usr/bin:/bin" in environment(None)


@given(st.permutations(["A=1", "B=2", "PATH=/x", "LANG=C"]))
def test_the_order_of_the_bases_variables_does_not_show(env):
    assert environment(base(*env)) == environment(base("A=1", "B=2", "PATH=/x", "LANG=C"))


def test_equal_input_gives_an_equal_image_elsewhere(tmp_path: Path):
    one, two = make_images(tmp_path / "one"), make_images(tmp_path / "two")
    assert [image.digest for image in one] == [image.digest for image in two]


def test_the_port_of_grpc_is_exposed_where_there_is_one():
    config = json.loads(assemble("a:1", None, LAYERS, "linux/amd64", {}, grpc=True).config)
    assert config["config"]["ExposedPorts"] == {"3000/tcp": {}, "3001/tcp": {}}
