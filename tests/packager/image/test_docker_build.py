from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from host_samples import MANIFEST
from image_samples import NAME, make_images

from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.config import layer_names, with_layers
from packager.image.docker_build import (
    DockerBuild,
    base_image,
    check_builder,
    context,
    on_top,
    own_template,
    split,
)
from packager.image.export import Destination
from packager.image.layers import Entry, Layer, plain_layer
from packager.manifest.manifest import Base
from packager.progress import NullProgress

NOP = "/bin/sh -c #(nop) "


class Warnings(NullProgress):
    """Progress that keeps what it was warned of."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, text: str) -> None:
        self.told.append(text)


class FakeEngine:
    """An engine that has built whatever it was asked to, up to a failure."""

    def __init__(self, manifest: bytes, fails_at: int = 9) -> None:
        self.manifest = manifest
        self.fails_at = fails_at
        self.built: list[tuple[str, dict[str, str]]] = []
        self.names: dict[str, str] = {}
        self.removed: list[str] = []
        self.loaded: list[str] = []

    def temporary(self, purpose: str) -> str:
        return f"model-packager-{purpose}:1-2-3"

    def existing_layers(self, diff_ids: list[str]) -> int:
        return 0

    def load(self, archive: Iterable[bytes]) -> None:
        with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
            file = tar.extractfile("manifest.json")
            assert file is not None
            self.loaded += json.load(file)[0]["RepoTags"]

    def describe(self, name: str) -> dict[str, Any]:
        tags = [tag for tag, image in self.names.items() if image == name]
        return {"RootFS": {"Layers": []}, "RepoTags": tags}

    def build(
        self, context: Iterable[bytes], labels: dict[str, str], on_line: object, *, fresh: bool
    ) -> str:
        with tarfile.open(fileobj=io.BytesIO(b"".join(context))) as tar:
            file = tar.extractfile("Dockerfile")
            assert file is not None
            self.built.append((file.read().decode(), labels))
        if len(self.built) == self.fails_at:
            raise PackageError("it broke")
        return f"sha256:{len(self.built)}"

    def read(self, image: str, path: str, destination: Path) -> bool:
        (destination / "package").mkdir()
        (destination / "package" / "manifest.json").write_bytes(self.manifest)
        return True

    def tag(self, image: str, name: str) -> None:
        self.names[name] = image

    def remove(self, name: str) -> None:
        self.removed.append(name)


def built_by(
    engine: FakeEngine,
    folder: Path,
    template: str | None = None,
    check: Callable[[str], None] = lambda _: None,
) -> list[tuple[str, str]]:
    base = Base(reference="python:3.11", diff_ids=(), env=())
    images = make_images(folder)
    found = DockerBuild(cast(Engine, engine), NullProgress(), template).run(images, base, check)
    return [(image.name, image.digest) for image in found]


def layer(folder: Path, name: str, entries: list[Entry]) -> Layer:
    return plain_layer(name, folder / f"{name}.tar", entries)


def members(layers: list[Layer]) -> dict[str, tuple[tarfile.TarInfo, bytes | None]]:
    content = b"".join(context("FROM x\n", layers))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {}
        for info in tar:
            file = tar.extractfile(info) if info.isreg() else None
            assert info.name not in found
            found[info.name] = (info, file.read() if file else None)
        return found


def test_the_context_is_the_layers_one_over_the_other(tmp_path: Path):
    long = "opt/" + "ä" * 130 + ".py"
    below = [
        Entry("opt/a", source=b"1" * 700, mode=0o755),
        Entry("opt/b", source=b"2"),
        Entry("opt/c/d/e", source=b"3"),
        Entry("opt/link", link="/usr/bin/python3"),
    ]
    above = [Entry("opt/b", source=b"new"), Entry("opt/c/d", source=b"file"), Entry(long, b"")]
    found = members([layer(tmp_path, "below", below), layer(tmp_path, "above", above)])
    assert found["Dockerfile"][1] == b"FROM x\n"
    assert found["opt/a"][1] == b"1" * 700
    assert found["opt/a"][0].mode == 0o755
    assert found["opt/b"][1] == b"new"
    assert found["opt/c/d"][1] == b"file"
    assert "opt/c/d/e" not in found
    assert found["opt/link"][0].linkname == "/usr/bin/python3"
    assert found[long][1] == b""
    assert list(found) == ["Dockerfile", *sorted(name for name in found if name != "Dockerfile")]
    assert {(info.uid, info.gid, info.mtime) for info, _ in found.values()} == {(0, 0, 0)}


def test_equal_layers_give_an_equal_context(tmp_path: Path):
    entries = [Entry("code/a.py", source=b"x"), Entry("code/é.py", source=b"y")]
    one = layer(tmp_path, "one", entries)
    other = layer(tmp_path, "other", entries[::-1])
    assert b"".join(context("FROM x", [one])) == b"".join(context("FROM x", [other]))


def test_a_damaged_layer_is_found_before_anything_is_sent(tmp_path: Path):
    damaged = layer(tmp_path, "code", [Entry("code/a.py", source=b"x")])
    damaged.path.write_bytes(damaged.path.read_bytes().replace(b"x", b"y"))
    with pytest.raises(PackageError, match="layer code: expected sha256:"):
        next(context("FROM x", [damaged]))


def test_the_replay_layers_are_above_the_package(tmp_path: Path):
    _, companion = make_images(tmp_path)
    bottom, middle, top = split(companion.layers)
    assert bottom == []
    assert [x.name for x in middle] == ["code", "package"]
    assert [x.name for x in top] == ["data"]
    assert on_top("sha256:1", top) == "FROM sha256:1\nCOPY data/ /data/\n"
    assert on_top("sha256:1", []) == "FROM sha256:1\n"


def test_what_trains_is_copied_folder_by_folder_so_that_its_layers_keep_their_names(tmp_path: Path):
    trains = layer(tmp_path, "training", [Entry("opt/runtime/packager/worker.py", source=b"")])
    wheels = layer(tmp_path, "wheels", [Entry("opt/wheels/lib/a.py", source=b"")])
    assert on_top("sha256:1", [trains, wheels]) == (
        "FROM sha256:1\nCOPY opt/wheels/ /opt/wheels/\nCOPY opt/runtime/ /opt/runtime/\n"
    )


def test_of_the_base_only_layers_and_variables_are_inherited(tmp_path: Path):
    image, _ = make_images(tmp_path)
    bottom = layer(tmp_path, "base", [Entry("usr/bin/python3", source=b"")])
    base = Base(reference="python:3.11", diff_ids=(bottom.diff_id,), env=("PATH=/bin",))
    found = base_image("base:1", image, [bottom], base)
    config = json.loads(found.config)
    assert config["config"] == {"Env": ["PATH=/bin"]}
    assert config["rootfs"]["diff_ids"] == [bottom.diff_id]
    assert config["architecture"] == "amd64"
    assert layer_names(config) == ["base"]


def test_image_and_companion_are_built_and_named(tmp_path: Path):
    engine = FakeEngine(MANIFEST.dump())
    companion = f"{NAME}-replay"
    assert built_by(engine, tmp_path) == [(NAME, "sha256:1"), (companion, "sha256:2")]
    assert engine.names == {NAME: "sha256:1", companion: "sha256:2"}
    (main, labels), (top, more) = engine.built
    assert main.startswith("#")
    assert f"\nFROM {engine.loaded[0]}\n" in main
    assert MANIFEST.root not in main
    assert labels == {"model-packager.root": MANIFEST.root}
    assert top == "FROM sha256:1\nCOPY data/ /data/\n"
    assert more == {"model-packager.companion-of": MANIFEST.root}
    assert engine.removed == engine.loaded


def test_a_projects_own_template_is_what_is_built(tmp_path: Path):
    engine = FakeEngine(MANIFEST.dump())
    built_by(engine, tmp_path, "FROM $base\nRUN $$HOME")
    assert engine.built[0][0] == f"FROM {engine.loaded[0]}\nRUN $HOME"


def test_a_build_that_fails_leaves_no_name_and_no_image(tmp_path: Path):
    engine = FakeEngine(MANIFEST.dump(), fails_at=2)
    with pytest.raises(PackageError, match="it broke"):
        built_by(engine, tmp_path)
    assert engine.names == {}
    assert engine.removed == ["sha256:1", *engine.loaded]


def test_what_docker_built_has_no_name_until_it_has_answered(tmp_path: Path):
    engine = FakeEngine(MANIFEST.dump())

    def check(image: str) -> None:
        assert (image, engine.names) == ("sha256:1", {})
        raise PackageError("golden row 0")

    with pytest.raises(PackageError, match="golden row 0"):
        built_by(engine, tmp_path, check=check)
    assert engine.names == {}
    assert engine.removed == ["sha256:2", "sha256:1", *engine.loaded]


def test_a_failure_spares_an_equal_image_that_has_a_name(tmp_path: Path):
    engine = FakeEngine(MANIFEST.dump(), fails_at=2)
    engine.names["earlier:1"] = "sha256:1"
    with pytest.raises(PackageError, match="it broke"):
        built_by(engine, tmp_path)
    assert engine.removed == engine.loaded


def test_a_template_that_loses_the_package_is_refused(tmp_path: Path):
    engine = FakeEngine(MANIFEST.model_copy(update={"version": "2"}).dump())
    with pytest.raises(PackageError, match="does not hold the package at /package") as caught:
        built_by(engine, tmp_path, "FROM scratch\n")
    assert "COPY package/ /package/" in caught.value.hint
    assert engine.names == {}


@pytest.mark.parametrize("output", ["oci:image", "docker-archive:image.tar"])
def test_docker_builds_into_the_engine_only(output: str):
    with pytest.raises(UsageError, match="expected --output docker, got") as caught:
        check_builder("docker", Destination.parse(output), None)
    assert "leave out --builder" in caught.value.hint
    check_builder("assemble", Destination.parse(output), None)


def test_docker_needs_an_engine():
    with pytest.raises(PackageError, match="no Docker engine responds") as caught:
        check_builder("docker", Destination.parse("docker"), None)
    assert caught.value.hint == "start Docker, or leave out --builder"


def test_a_projects_own_template_is_said_to_break_promises(tmp_path: Path):
    (tmp_path / "Dockerfile.template").write_text("FROM $base\nRUN echo $$HOME\n")
    progress = Warnings()
    assert own_template(tmp_path, "docker", progress) == "FROM $base\nRUN echo $$HOME\n"
    assert "equal bytes on every machine" in progress.told[0]
    assert "network stays off" in progress.told[0]


def test_a_projects_own_template_is_said_not_to_be_used_where_layers_are_assembled(tmp_path: Path):
    (tmp_path / "Dockerfile.template").write_text("FROM $nonsense\n")
    progress = Warnings()
    assert own_template(tmp_path, "assemble", progress) is None
    assert progress.told == [
        "Dockerfile.template is not used: the layers are assembled; --builder docker builds it"
    ]


def test_without_a_template_of_its_own_nothing_is_said(tmp_path: Path):
    progress = Warnings()
    assert own_template(tmp_path, "docker", progress) is None
    assert progress.told == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"FROM $bass\n", r"unknown placeholder \$bass"),
        (b"FROM $base\nRUN echo $1\n", "invalid placeholder in string: line 2, col 10"),
        (b"FROM $base \xff\n", "expected UTF-8 text"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_named(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "Dockerfile.template").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        own_template(tmp_path, "docker", NullProgress())
    if b"\xff" not in content:
        assert "known: $base, $members, $environment, $labels, $ports" in caught.value.hint
        assert "$$" in caught.value.hint


def test_a_layer_that_docker_made_is_called_by_what_it_holds():
    steps = [
        ("model-packager: base", 5, False),
        (f"{NOP}COPY dir:1 in /opt/wheels/ ", 9, False),
        (f"{NOP}COPY dir:7 in /opt/venv/ ", 9, False),
        (f"{NOP}COPY dir:2 in /opt/runtime/ ", 3, False),
        (f"{NOP}COPY dir:3 in /package/ ", 0, False),
        (f"{NOP} LABEL a=b", 0, True),
        ("/bin/sh -c true", 0, True),
        (f"{NOP}COPY dir:4 in /elsewhere ", 1, False),
        (f"{NOP}COPY dir:5 in /opt/wheels/ ", 1, False),
        (f"{NOP}COPY dir:8 in /opt/harness/ ", 1, False),
        (f"{NOP}COPY dir:6 in /opt/runtime/ ", 1, False),
    ]
    names = ["base", "wheels", "server environment", "runtime", "package"]
    names += [f"{NOP}COPY dir:4 in /elsewhere ", "worker wheels"]
    names += ["worker environment", "training runtime"]
    config = [{"created_by": by, "empty_layer": empty} for by, _, empty in steps]
    assert layer_names({"history": config}) == names
    engines: list[dict[str, Any]] = [{"created_by": by, "size": size} for by, size, _ in steps]
    assert layer_names({"history": with_layers(engines, 9)}) == names
