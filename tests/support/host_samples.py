"""Small projects and wheels for tests of the host's modules."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packager.digest import sha256_bytes, sha256_file
from packager.environment.platform import WheelTarget
from packager.environment.wheels import wheel_path
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Group, Lock, Manifest, Schema, Serve, Slices, Wheel
from packager.manifest.platform import Platform

TOML = """\
[package]
name = "shop"
version = "1.0.0"
task = "classification"

[data]
source = "data/visits.csv"
target = "returned"

[recipe]
train = "train:train"
"""
FILES = {
    "package.toml": TOML,
    "train.py": "def train(features, target, *, params, seed): ...\n",
    "requirements.txt": "pandas\n",
    "data/visits.csv": "channel,basket,returned\nweb,1.5,yes\napp,2.5,no\n",
}

TARGET = WheelTarget("3.11", "linux/amd64", (2, 36))
"""The target of most tests: Debian bookworm on x86-64."""
LOCK = Lock(python="3.11", platform="linux/amd64", base="none", wheels=())


def locked_platform(lock: Lock) -> Platform:
    """The record of a platform whose package has ``lock``, and no folder yet."""
    content = lock.dump()
    entry = FileEntry(path="lock.json", sha256=sha256_bytes(content), size=len(content))
    return Platform(files=(entry,), trees={}, settings={}, proved_on="native")


MANIFEST = Manifest(
    name="shop",
    version="1.0.0",
    task="regression",
    schema=Schema(features=()),
    serve=Serve(predictor="auto", compile="auto", workers=2, strict=False),
    slices=Slices(columns={}, rules={}),
    recipe="none",
    data="none",
    evaluation=None,
    environment=NumericalEnvironment(
        python="3.11.7",
        machine="x86_64",
        cpu="",
        cpu_features=(),
        blas=(),
        threads=1,
        isolation="process",
    ),
    runtime="0" * 64,
    code=(),
    model=(),
    files=(),
    platforms={"linux/amd64": locked_platform(LOCK)},
)


def write_project(folder: Path, changes: Mapping[str, str | bytes | None] = {}) -> Path:
    """Write a project into ``folder``; ``changes`` adds files, or omits some (None)."""
    for name, content in {**FILES, **changes}.items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def make_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    damaged: bool = False,
) -> Path:
    """Write a real wheel; ``damaged`` makes its files differ from its RECORD."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    made = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    whole = {**files, f"{info}/METADATA": text, f"{info}/WHEEL": made}
    content = {n: c if isinstance(c, bytes) else c.encode() for n, c in whole.items()}
    record = "".join(f"{n},sha256={_digest(c)},{len(c)}\n" for n, c in content.items())
    path = folder / f"{name}-{version}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for n, c in content.items():
            entry = zipfile.ZipInfo(n)
            entry.external_attr = (0o100755 if "/scripts/" in n else 0o100644) << 16
            archive.writestr(entry, c + b"#" if damaged and n in files else c)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def locked(path: Path, *groups: Group) -> Wheel:
    """The lock entry of the wheel at ``path``."""
    name, version, _ = path.name.split("-", 2)
    digest = sha256_file(path)
    return Wheel(
        name=name, version=version, filename=path.name, sha256=digest, groups=groups or ("model",)
    )


def in_wheelhouse(path: Path, *groups: Group) -> Wheel:
    """Copy the wheel at ``path`` to where a build finds it."""
    wheel = locked(path, *groups)
    wheel_path(wheel).parent.mkdir(parents=True, exist_ok=True)
    wheel_path(wheel).write_bytes(path.read_bytes())
    return wheel


@dataclass
class RecordedProgress:
    """Progress that records its calls."""

    steps: list[str] = field(default_factory=list)
    items: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def item(self, name: str, how: str, size: int, seconds: float) -> None:
        self.items.append((name, how))

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def output(self, text: str) -> None:
        self.lines.append(text)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
