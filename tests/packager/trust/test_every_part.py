"""Changes of files, links, modes, owners, bytecode and settings: each is named everywhere."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from built_packages import Built, built
from signed_packages import new_key, signed_folder

from packager.errors import PackageError
from packager.image.config import Image
from packager.image.export import write_oci
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.reference import open_reference
from packager.trust.envelope import as_lines
from packager.trust.examine import examine
from packager.trust.keys import PrivateKey
from packager.trust.settings import START_KEYS
from packager.trust.verified import run_checks
from packager.trust.whole_image import verify_package

pytestmark = pytest.mark.slow

CHANGES = (30, pytest.param(200, marks=pytest.mark.long))
"""The first is each kind in each layer once."""
SEED = 20261129
LAYERS = (
    *("runtime", "code", "server environment", "model environment", "model", "package"),
    *("training runtime", "worker environment"),
)
KINDS = (
    *("byte", "mode", "owner", "link", "retarget", "gone", "new", "folder", "folder owner"),
    *("bytecode", "long name"),
)
CONFIG: dict[str, Any] = {
    "Cmd": ["/code/x"],
    "Entrypoint": ["/code/x"],
    "Env": ["PYTHONPATH=/code"],
    "User": "0",
    "WorkingDir": "/models",
    "Healthcheck": None,
    "ExposedPorts": {"1/tcp": {}},
    "Volumes": {"/models": {}},
    "StopSignal": "SIGKILL",
    "StopTimeout": 1,
    "OnBuild": ["RUN x"],
    "Shell": ["/bin/x"],
}
EVERY = 5
"""One of so many changes is tried with ``verify`` and ``inspect --check`` too."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


@pytest.fixture(scope="module")
def bundles(made: Built, key: PrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The signatures of the package as it was built."""
    folder = tmp_path_factory.mktemp("signed")
    found = signed_folder(folder / "oci", made.images(), key)
    (folder / "signatures.jsonl").write_bytes(as_lines(found))
    return folder / "signatures.jsonl"


def before_a_run(folder: Path) -> list[str]:
    """What the check before a run finds wrong."""
    with open_reference(str(folder), None) as reference:
        checks = run_checks(reference, companion=True)
    return [check.name for check in checks if not check.ok]


def at_inspect(folder: Path) -> list[str]:
    with open_reference(str(folder), None) as reference:
        checks = examine(reference, None).checks
    return [check.name for check in checks if not check.ok]


def at_verify(folder: Path, key: PrivateKey, bundles: Path) -> list[str]:
    with open_reference(str(folder), None) as reference:
        report = verify_package(reference, [key.public], [], bundles)
    return [link.name for link in report.links if link.status == "failed"]


def test_the_package_as_built_is_accepted_by_all_three(
    made: Built, key: PrivateKey, bundles: Path, tmp_path: Path
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    assert before_a_run(tmp_path / "oci") == at_inspect(tmp_path / "oci") == []
    assert at_verify(tmp_path / "oci", key, bundles) == []


@pytest.mark.parametrize("changes", CHANGES)
def test_each_change_of_a_file_link_or_mode_is_named(
    changes: int, made: Built, key: PrivateKey, bundles: Path, tmp_path: Path
) -> None:
    chosen, pairs = random.Random(SEED), list(product(LAYERS, KINDS))
    layers = {one.name: one for one in made.images()[-1].layers}
    for number in range(changes):
        layer, kind = pairs[number % len(pairs)]
        place = tmp_path / str(number)
        place.mkdir()
        name, entries = changed(layers[layer], kind, chosen)
        other = plain_layer(layer, place / "changed.tar", entries)
        images = made.with_layer(layer, lambda _, other=other: other).images()
        wanted = [before_a_run]
        if number % EVERY == 0:
            wanted += [at_inspect, lambda folder: at_verify(folder, key, bundles)]
        for look in wanted:
            found = named(images, place, look)
            short = f"layer: {name.partition('/')[2]}"  # as `inspect` calls it
            assert any(name in one or short in one for one in found), (layer, kind, name, found)
        shutil.rmtree(place)


def named(images: Sequence[Image], place: Path, look: Any) -> list[str]:
    """What ``look`` names, or the error of a changed document of ``/package``."""
    write_oci(images, place / "oci")
    try:
        found: list[str] = look(place / "oci")
    except PackageError as error:
        message = error.message.replace("from its manifest", "from manifest.json")
        return [f"package/{word}" for word in message.split()]
    return found


def changed(layer: Layer, kind: str, chosen: random.Random) -> tuple[str, list[Entry]]:
    """The entries of a layer with one change, and the name that it concerns."""
    entries = copy_members([layer])
    files = [entry for entry in entries if isinstance(entry.source, bytes)]
    links = [entry for entry in entries if entry.link is not None]
    code = [entry for entry in files if entry.name.endswith(".pyc")]
    one = chosen.choice(files) if files else chosen.choice(links)
    top = one.name.rpartition("/")[0]
    if layer.name == "package" and kind in ("link", "gone"):
        kind = "byte"  # a package without its manifest is none
    match kind:
        case "byte" if isinstance(one.source, bytes) and one.source:
            content = bytearray(one.source)
            content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
            other = replace(one, source=bytes(content))
        case "mode":
            other = replace(one, mode=0o4755, link=None, source=one.source or b"")
        case "owner":
            other = replace(one, owner=65532, link=None, source=one.source or b"")
        case "retarget" if links:
            other = replace(chosen.choice(links), link="/etc/passwd")
        case "gone":
            return one.name, [entry for entry in entries if entry is not one]
        case "new":
            other = Entry(f"{top}/sitecustomize.py", source=b"import os\n")
        case "long name":
            other = Entry(f"{top}/{'n' * 120}.py", source=b"import os\n")
        case "bytecode" if code:
            one = chosen.choice(code)
            assert isinstance(one.source, bytes)
            # UNCHECKED_HASH: Python never looks at the source.
            other = replace(one, source=one.source[:4] + b"\x01\0\0\0" + one.source[8:])
        case "bytecode":
            other = Entry(f"{top}/__pycache__/x.cpython-311.pyc", source=b"other")
        case "folder":
            other = Entry(top, mode=0o777)
        case "folder owner":
            other = Entry(top, owner=65532)
        case _:
            other = replace(one, source=None, link="/etc/passwd", mode=None)
    return other.name, [*(entry for entry in entries if entry.name != other.name), other]


@pytest.mark.parametrize("field", START_KEYS)
def test_each_setting_of_the_config_is_named(
    made: Built, key: PrivateKey, bundles: Path, tmp_path: Path, field: str
) -> None:
    image, companion = made.images()
    config = json.loads(image.config)
    config["config"][field] = CONFIG[field]
    write_oci([replace(image, config=json.dumps(config).encode()), companion], tmp_path / "oci")
    assert before_a_run(tmp_path / "oci") == [f"image: {field}"]
    assert f"image: {field}" in at_inspect(tmp_path / "oci")
    found = at_verify(tmp_path / "oci", key, bundles)
    assert {"config", f"image: {field}"} <= set(found)


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
@pytest.mark.parametrize("field", START_KEYS)
def test_a_setting_in_another_spelling_is_refused(
    made: Built, tmp_path: Path, field: str, spelling: Any
) -> None:
    """Engines ignore the case of keys, so ``entrypoint`` would set what nobody compares."""
    image, companion = made.images()
    config = json.loads(image.config)
    config["config"][spelling(field)] = CONFIG[field]
    write_oci([replace(image, config=json.dumps(config).encode()), companion], tmp_path / "oci")
    with pytest.raises(PackageError, match=f"which engines take for '{field}'"):
        before_a_run(tmp_path / "oci")
