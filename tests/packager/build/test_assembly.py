"""How a change of this program changes the images of an unchanged project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from host_samples import LOCK, MANIFEST, write_project

from packager.build.assembly import assemble_images, package_layers
from packager.build.context import BuildContext
from packager.build.image_annotations import NO_MARKS, ImageAnnotations
from packager.build.manifest import _platform
from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.image import stack as stacks
from packager.image.config import TRAINING, Image
from packager.image.stack import make_stack
from packager.manifest.base import FileEntry
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.project.files import read_files
from packager.project.git import GitState
from packager.runners.project import ProjectEnvironment

Runtime = Callable[[], dict[str, Path]]
SERVING, TRAINS = stacks.serving_runtime, stacks.training_runtime


def changed(runtime: Runtime, name: str, folder: Path) -> Runtime:
    """The same runtime with one comment more in module ``name``."""
    files = runtime()
    copy = folder / "changed.py"
    copy.write_bytes(files[name].read_bytes() + b"# one comment more\n")
    return lambda: files | {name: copy}


def images(folder: Path, marks: ImageAnnotations = NO_MARKS) -> tuple[Image, ...]:
    """What a build of the sample project delivers now; nothing is trained."""
    folder.mkdir()
    project = load_project(write_project(folder / "shop"))
    files = read_files(project)
    made = make_stack(None, LOCK, files, folder, NullProgress())
    for name in ("package", "out/model"):
        (folder / name).mkdir(parents=True)
    (folder / "out/model/model").write_bytes(b"a model")
    locked = LockFile(inputs="", python=LOCK.python, platform=LOCK.platform, bases=(), wheels=())
    environment = ProjectEnvironment(LOCK.platform, None, Dependencies(LOCK, locked), None)
    context = BuildContext(project, files, environment, made, folder, NullProgress())
    model = (FileEntry.of(folder / "out/model/model", "model"),)
    layers = package_layers(context, model)[LOCK.platform]
    platform = _platform(context, None, layers, "native")
    runtimes = {"runtime": made.runtime, "training_runtime": stacks.own_training_runtime()}
    own = {"model": model, "platforms": {LOCK.platform: platform}}
    manifest = MANIFEST.model_copy(update=runtimes | own)
    (folder / "package/manifest.json").write_bytes(manifest.dump())
    return marks.on(assemble_images(context, manifest, dict(marks.labels), layers))


def differing(before: Image, after: Image) -> list[str]:
    """The layers that are not equal, by name."""
    pairs = zip(before.layers, after.layers, strict=True)
    return [one.name for one, two in pairs if one.diff_id != two.diff_id]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))


def test_labels_and_commit_are_outside_of_the_root(tmp_path: Path) -> None:
    state = GitState(commit="1" * 40, dirty=False)
    plain = images(tmp_path / "plain")
    built = images(tmp_path / "built", ImageAnnotations({}, state))
    labelled = images(tmp_path / "labelled", ImageAnnotations({"com.example.team": "risk"}, state))
    for before, same, other in zip(plain, built, labelled, strict=True):
        assert (same.name, same.config) == (before.name, before.config)
        assert same.annotations["org.opencontainers.image.revision"] == "1" * 40
        assert other.name == before.name
        assert [x.diff_id for x in other.layers] == [x.diff_id for x in before.layers]
        assert other.digest != before.digest
        added = json.loads(other.config)["config"]["Labels"]
        assert added.pop("com.example.team") == "risk"
        assert added == json.loads(before.config)["config"]["Labels"]


@pytest.mark.parametrize(
    "module", ["packager/worker/replay/report_text.py", "packager/data/checks/outliers.py"]
)
def test_a_change_of_what_trains_changes_only_the_record_of_the_served_image(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, companion = images(tmp_path / "before")
    monkeypatch.setattr(stacks, "training_runtime", changed(TRAINS, module, tmp_path))
    after, other = images(tmp_path / "after")
    assert differing(served, after) == ["package"]
    assert differing(companion, other) == ["package", TRAINING]
    assert after.name != served.name


def test_a_change_in_what_serves_changes_root_tag_and_its_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = images(tmp_path / "before")
    monkeypatch.setattr(stacks, "serving_runtime", changed(SERVING, "serving/app.py", tmp_path))
    after, _ = images(tmp_path / "after")
    assert after.name != served.name
    assert differing(served, after) == ["runtime", "package"]


def test_the_served_image_holds_the_modules_that_serve_and_no_other(tmp_path: Path) -> None:
    served, companion = images(tmp_path / "build")
    found = {layer.name: names(layer) for layer in companion.layers}
    assert TRAINING not in [layer.name for layer in served.layers]
    assert {name for name in found["runtime"] if name.endswith((".py", ".css"))} == set(SERVING())
    assert set(found[TRAINING]) == set(TRAINS())


def names(layer: stacks.Layer) -> list[str]:
    with layer.members() as members:
        found = [info.name for info in members if info.isfile()]
    return [name.removeprefix("opt/runtime/") for name in found]
