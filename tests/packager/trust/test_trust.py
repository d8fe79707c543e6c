"""What is said of a package from outside it; each forgery is noticed by name."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from host_samples import LOCK

from packager.digest import sha256_bytes, tree_digest
from packager.errors import PackageError
from packager.image.config import TRAINING, assemble
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.wheels import site_packages, venv_entries
from packager.manifest.manifest import Lock, Wheel
from packager.trust.bytecode import bytecode_checks
from packager.trust.contents import read_contents, training_checks
from packager.trust.environments import environment_of, recorded
from packager.trust.settings import settings_checks
from packager.trust.trees import tree_of

SITE = site_packages("3.11")
ABSENT = Wheel(
    name="shop", version="1.0", filename="shop-1.0-py3-none-any.whl", sha256="0" * 64, group="serve"
)


def layer_of(folder: Path, name: str, files: dict[str, bytes]) -> Layer:
    made = [Entry(path, source=content) for path, content in files.items()]
    return plain_layer(name, folder / f"{name}.tar", made)


def raw_layer(folder: Path, *members: tarfile.TarInfo) -> Layer:
    path = folder / "raw.tar"
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"") if member.isreg() else None)
    return Layer("code", path, "sha256:" + "0" * 64, path.stat().st_size)


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "code/a"
    return info


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([member("code/.wh.train.py")], "hides a file of a lower layer"),
        ([member("code/a"), member("code/a")], "'code/a' twice"),
        ([member("code/a"), member("code/b", tarfile.LNKTYPE)], "no file, folder or symbolic link"),
        ([member("code/b", tarfile.FIFOTYPE)], "no file, folder or symbolic link"),
        ([member("code/../etc/passwd")], "the path 'code/../etc/passwd'"),
    ],
)
def test_a_layer_with_what_no_layer_holds_is_refused(
    tmp_path: Path, members: list[tarfile.TarInfo], found: str
) -> None:
    with pytest.raises(PackageError) as caught:
        tree_of(raw_layer(tmp_path, *members))
    assert found in caught.value.message


def environment(folder: Path, more: dict[str, bytes]) -> tuple[Lock, Layer]:
    """A lock of one wheel, which is not at hand, and the layer it is installed in."""
    text = b"x = 1\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")
    files = {
        f"{SITE}/shop.py": text,
        f"{SITE}/shop-1.0.dist-info/RECORD": f"shop.py,sha256={digest},6\n".encode(),
        f"{SITE}/__pycache__/shop.cpython-311.pyc": b"",
    }
    entries = [*venv_entries("3.11", "/usr/bin/python3.11")]
    entries += [Entry(name, source=content) for name, content in (files | more).items()]
    lock = LOCK.model_copy(update={"wheels": (ABSENT,), "base": "none"})
    return lock, plain_layer("wheels", folder / "wheels.tar", entries)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (None, None),
        ("sitecustomize.py", "expected no such file in any locked wheel"),
        ("more.pth", "expected no such file in any locked wheel"),
        ("__pycache__/usercustomize.cpython-311.pyc", "expected no such file in any locked wheel"),
        ("shop.py", "expected "),
        ("other-2.0.dist-info/METADATA", "expected no such file in any locked wheel"),
    ],
)
def test_dependencies_hold_the_files_of_the_locked_wheels_and_no_others(
    tmp_path: Path, path: str | None, said: str | None
) -> None:
    more = {} if path is None else {f"{SITE}/{path}": b"import os\n"}
    lock, layer = environment(tmp_path, more)
    found = environment_of(read_contents([layer], lock), lock)
    wrong = [check for check in found.checks if not check.ok]
    assert found.own_word == (ABSENT.filename,)
    if path is None:
        assert wrong == []
    else:
        assert [check.name for check in wrong] == [
            f"environment: lib/python3.11/site-packages/{path}"
        ]
        assert said is not None
        assert f"expected {wrong[0].expected}".startswith(said)


def test_a_locked_wheel_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    lock, layer = environment(tmp_path, {})
    more = ABSENT.model_copy(update={"filename": "other-1.0-py3-none-any.whl"})
    lock = lock.model_copy(update={"wheels": (ABSENT, more)})
    found = environment_of(read_contents([layer], lock), lock)
    assert [check.name for check in found.checks if not check.ok] == [
        "wheel other-1.0-py3-none-any.whl"
    ]


def test_a_record_names_files_where_installing_puts_them() -> None:
    text = "a.py,sha256=AA,1\nshop-1.0.data/purelib/b.py,,\nshop-1.0.data/scripts/c,sha256=AA,1\n"
    assert recorded(text, "site") == {"site/a.py": "00", "site/b.py": None, "bin/c": None}


def test_a_layer_writes_below_its_own_folder_only_and_shadows_nothing(tmp_path: Path) -> None:
    lock, wheels = environment(tmp_path, {})
    code = layer_of(tmp_path, "code", {"code/a.py": b"", f"{SITE}/numpy.py": b""})
    extra = layer_of(tmp_path, "extra", {f"{SITE}/shop.py": b"x = 2\n"})
    wrong = read_contents([wheels, code, extra], lock).checks
    assert [(check.name, check.actual) for check in wrong] == [
        ("layer code", f"/{SITE}/numpy.py"),
        ("layer extra", f"/{SITE}/shop.py"),
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Env", ["LD_PRELOAD=/code/x.so"]),
        ("Entrypoint", ["/code/x"]),
        ("User", "0:0"),
        ("Volumes", {"/models": {}}),
        ("WorkingDir", "/tmp"),
    ],
)
def test_other_settings_than_a_build_writes_are_named(key: str, value: Any) -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    config = json.loads(assemble("shop", None, (), lock.platform, {}).config)
    assert all(check.ok for check in settings_checks("image", config, lock))
    config["config"][key] = value
    wrong = [check for check in settings_checks("image", config, lock) if not check.ok]
    assert [check.name for check in wrong] == [f"image: {key}"]


@pytest.mark.parametrize("key", ["architecture", "os"])
def test_an_image_for_another_platform_than_the_lock_says_is_named(key: str) -> None:
    lock = LOCK.model_copy(update={"base": "none"})
    config = json.loads(assemble("shop", None, (), lock.platform, {}).config) | {key: "s390x"}
    wrong = [check for check in settings_checks("image", config, lock) if not check.ok]
    assert [check.name for check in wrong] == [f"image: {key}"]


def test_bytecode_where_none_was_made_is_named(tmp_path: Path) -> None:
    layer = layer_of(
        tmp_path, "code", {"code/a.py": b"", "code/__pycache__/a.cpython-311.pyc": b"other"}
    )
    wrong = [check for check in bytecode_checks((layer,), None) if not check.ok]
    assert [check.name for check in wrong] == [
        "code bytecode",
        "code bytecode: code/__pycache__/a.cpython-311.pyc",
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
