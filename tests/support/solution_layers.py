"""The layers of a solution that hold its members, made by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from host_samples import LOCK, MANIFEST, locked_platform
from trust_samples import ABSENT, layer_of

from modelhost.solution.spec import SolutionSpec
from packager.digest import sha256_bytes
from packager.image.config import MEMBERS_DATA
from packager.image.layers import Layer
from packager.manifest.base import FileEntry
from packager.manifest.manifest import DataSource, Lock, Manifest
from packager.manifest.solution import Solution
from packager.project.sections import MemberSection
from packager.solutions.member_package import MemberPackage, Process

ROWS = b"x,y\n1,2\n"
NAMES: dict[str, Process] = {"price": "inline", "text": "own"}
CODE = b"def train(): ...\n"


def entry(path: str, content: bytes) -> FileEntry:
    return FileEntry(path=path, sha256=sha256_bytes(content), size=len(content))


def source(rows: bytes = ROWS) -> DataSource:
    return DataSource(
        format="csv",
        files=(entry("rows.csv", rows),),
        test_file=None,
        embed="companion",
        fingerprint="0" * 64,
        train_rows=1,
        test_rows=1,
        target="y",
    )


@dataclass(frozen=True)
class MadeSolution:
    """Two members: ``price`` in the flow's process, ``text`` in one of its own."""

    members: tuple[MemberPackage, ...]
    files: dict[str, bytes]
    """Of the layer of the model."""
    data: dict[str, bytes]
    """Of the layer with the members' data."""
    lock: Lock
    solution: Solution

    def layers(self, folder: Path) -> list[Layer]:
        folder.mkdir(parents=True, exist_ok=True)
        made = [layer_of(folder, "model", self.files)]
        return [*made, layer_of(folder, MEMBERS_DATA, self.data)] if self.data else made

    def changed(self, path: str, content: bytes | None) -> MadeSolution:
        """With another file in the model's folder; None removes it."""
        files = {name: c for name, c in self.files.items() if name != f"models/model/{path}"}
        more = {} if content is None else {f"models/model/{path}": content}
        return replace(self, files=files | more)


def made_solution() -> MadeSolution:
    """As a build writes it; the members' lock has one wheel of the model."""
    wheel = ABSENT.model_copy(update={"groups": ("model",)})
    lock = LOCK.model_copy(update={"wheels": (wheel,)})
    members, files = [], {}
    for name, process in NAMES.items():
        manifest = _manifest(name, lock)
        section = MemberSection(name=name, package=f"../{name}", process=process)
        members.append(MemberPackage(section, manifest, lock, frozenset({"train"})))
        top = f"models/model/members/{name}"
        files |= {
            f"{top}/code/train.py": CODE,
            f"{top}/models/model": name.encode(),
            f"{top}/package/manifest.json": manifest.dump(),
            f"{top}/package/lock.json": lock.dump(),
        }
    specs = tuple(one.spec(NAMES[one.section.name]) for one in members)
    files["models/model/solution.json"] = SolutionSpec("flow:run", specs).as_json().encode()
    records = tuple(one.record(NAMES[one.section.name]) for one in members)
    return MadeSolution(
        tuple(members),
        files,
        {f"data/members/{sha256_bytes(ROWS)}": ROWS},
        lock.model_copy(update={"members": {"text": (wheel.sha256,)}}),
        Solution(flow="flow:run", members=records),
    )


def _manifest(name: str, lock: Lock) -> Manifest:
    return MANIFEST.model_copy(
        update={
            "name": name,
            "code": (entry("train.py", CODE),),
            "model": (entry("model", name.encode()),),
            "platforms": {lock.platform: locked_platform(lock)},
            "data": source(),
        }
    )
