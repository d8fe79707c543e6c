"""The layers of an image contain the files that its manifest lists, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import LOCK
from trust_samples import SITE, environment, layer_of

from packager.digest import sha256_bytes, tree_digest
from packager.image.config import TRAINING
from packager.trust.contents import read_contents, training_checks


def test_a_layer_writes_below_its_own_folder_only_and_shadows_nothing(tmp_path: Path) -> None:
    lock, wheels = environment(tmp_path, {})
    code = layer_of(tmp_path, "code", {"code/a.py": b"", f"{SITE}/numpy.py": b""})
    extra = layer_of(tmp_path, "extra", {f"{SITE}/shop.py": b"x = 2\n"})
    wrong = read_contents([wheels, code, extra], lock).checks
    assert [(check.name, check.actual) for check in wrong] == [
        ("layer code", f"/{SITE}/numpy.py"),
        ("layer extra", f"/{SITE}/shop.py"),
    ]


WORKER = {"opt/runtime/packager/worker/a.py": b"x = 1\n"}


SERVES = {"opt/runtime/serving/app.py": b"y = 1\n"}


LABEL_OF_WORKER = tree_digest([("packager/worker/a.py", sha256_bytes(b"x = 1\n"))])


def training(
    folder: Path, more: dict[str, bytes], label: str | None = LABEL_OF_WORKER
) -> list[tuple[str, str]]:
    """What is wrong with a runtime that trains, by name and what was found."""
    layers = [layer_of(folder, "runtime", SERVES), layer_of(folder, TRAINING, WORKER | more)]
    contents = read_contents(layers, LOCK.model_copy(update={"base": "none"}))
    found = [*contents.checks, *training_checks(contents, label)]
    return [(check.name, check.actual) for check in found if not check.ok]


def test_the_runtime_that_trains_is_the_one_of_the_label(tmp_path: Path) -> None:
    assert training(tmp_path, {}) == []
    changed = {"opt/runtime/packager/worker/a.py": b"x = 2\n"}
    assert [name for name, _ in training(tmp_path, changed)] == [TRAINING]
    assert [name for name, _ in training(tmp_path, {}, label=None)] == [TRAINING]
    added = {"opt/runtime/packager/worker/b.py": b""}
    assert [name for name, _ in training(tmp_path, added)] == [TRAINING]


@pytest.mark.parametrize(
    "path", ["serving/app.py", "sitecustomize.py", "bin/serve", "serving/other.py", "numpy.py"]
)
def test_the_runtime_that_trains_holds_nothing_that_serving_could_import(
    tmp_path: Path, path: str
) -> None:
    content = b"import os\n"
    digests = [("packager/worker/a.py", sha256_bytes(b"x = 1\n")), (path, sha256_bytes(content))]
    wrong = training(tmp_path, {f"opt/runtime/{path}": content}, label=tree_digest(digests))
    assert (f"layer {TRAINING}", f"/opt/runtime/{path}") in wrong


def test_bytecode_in_the_runtime_that_trains_stands_beside_its_module(tmp_path: Path) -> None:
    path = "opt/runtime/packager/worker/__pycache__/b.cpython-311.pyc"
    assert [name for name, _ in training(tmp_path, {path: b""})] == [
        f"{TRAINING} layer: packager/worker/__pycache__/b.cpython-311.pyc"
    ]


def test_an_image_without_a_runtime_that_trains_has_no_label_of_one(tmp_path: Path) -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    contents = read_contents([layer_of(tmp_path, "runtime", SERVES)], lock)
    assert all(check.ok for check in training_checks(contents, None))
    assert not all(check.ok for check in training_checks(contents, LABEL_OF_WORKER))
