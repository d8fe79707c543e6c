"""How a change of this program changes the images of an unchanged project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from host_samples import LOCK, MANIFEST, write_project

from packager.build.context import BuildContext
from packager.build.marks import NO_MARKS, Marks
from packager.build.pipeline import _assemble
from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.image import stack as stacks
from packager.image.config import TRAINING, TRAINING_LABEL, Image
from packager.image.stack import make_stack
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


def images(folder: Path, marks: Marks = NO_MARKS) -> tuple[Image, ...]:
    """What a build of the sample project delivers now; nothing is trained."""
    folder.mkdir()
    project = load_project(write_project(folder / "shop"))
    files = read_files(project)
    made = make_stack(None, LOCK, files, folder, NullProgress())
    manifest = MANIFEST.model_copy(update={"runtime": made.runtime})
    for name in ("package", "out/model"):
        (folder / name).mkdir(parents=True)
    (folder / "package/manifest.json").write_bytes(manifest.dump())
    (folder / "out/model/model").write_bytes(b"a model")
    locked = LockFile(inputs="", python=LOCK.python, platform=LOCK.platform, bases=(), wheels=())
    environment = ProjectEnvironment(LOCK.platform, None, Dependencies(LOCK, locked), None)
    context = BuildContext(project, files, environment, made, folder, NullProgress(), marks=marks)
    return marks.on(_assemble(context, manifest))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))


def test_labels_and_commit_are_outside_of_the_root(tmp_path: Path) -> None:
    state = GitState(commit="1" * 40, dirty=False)
    plain = images(tmp_path / "plain")
    built = images(tmp_path / "built", Marks({}, state))
    labelled = images(tmp_path / "labelled", Marks({"com.example.team": "risk"}, state))
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
def test_a_change_of_the_training_runtime_changes_nothing_of_the_served_image(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, companion = images(tmp_path / "before")
    monkeypatch.setattr(stacks, "training_runtime", changed(TRAINS, module, tmp_path))
    after, other = images(tmp_path / "after")
    assert (after.name, after.config) == (served.name, served.config)
    assert [layer.diff_id for layer in after.layers] == [layer.diff_id for layer in served.layers]
    assert other.name == companion.name
    differing = {
        one.name
        for one, two in zip(companion.layers, other.layers, strict=True)
        if one.diff_id != two.diff_id
    }
    assert differing == {TRAINING}
    labels = [json.loads(image.config)["config"]["Labels"] for image in (companion, other)]
    assert {name for name in labels[0] if labels[0][name] != labels[1][name]} == {TRAINING_LABEL}


def test_a_change_in_what_serves_changes_root_tag_and_its_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = images(tmp_path / "before")
    monkeypatch.setattr(stacks, "serving_runtime", changed(SERVING, "serving/app.py", tmp_path))
    after, _ = images(tmp_path / "after")
    assert after.name != served.name
    differing = [
        one.name
        for one, two in zip(served.layers, after.layers, strict=True)
        if one.diff_id != two.diff_id
    ]
    assert differing == ["runtime", "package"]


def test_the_served_image_holds_the_modules_that_serve_and_no_other(tmp_path: Path) -> None:
    served, companion = images(tmp_path / "build")
    found = {layer.name: names(layer) for layer in companion.layers}
    assert TRAINING not in [layer.name for layer in served.layers]
    assert {name for name in found["runtime"] if name.endswith(".py")} == set(SERVING())
    assert set(found[TRAINING]) == set(TRAINS())


def names(layer: stacks.Layer) -> list[str]:
    with layer.members() as members:
        found = [info.name for info in members if info.isfile()]
    return [name.removeprefix("opt/runtime/") for name in found]
