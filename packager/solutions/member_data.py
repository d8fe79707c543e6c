"""The training data of a solution's members, which a replay of each member needs.

The files are named by their sha256, so a file that several members were trained on is stored once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelhost.solution.spec import MEMBERS
from packager.digest import HashedFile
from packager.errors import PackageError
from packager.image.layers import Entry
from packager.image.reference import Reference
from packager.manifest.base import FileEntry
from packager.manifest.manifest import DataSource, Manifest
from packager.project.sections import MemberSection

FOLDER = f"data/{MEMBERS}"
"""In a companion."""


def data_files(manifest: Manifest) -> dict[str, FileEntry]:
    """Path below ``/data`` → file, of the data that a member's own companion holds."""
    data = manifest.data
    if not isinstance(data, DataSource) or data.embed == "none":
        return {}
    files = {f"source/{entry.path}": entry for entry in data.files}
    if data.test_file is not None:
        files[f"test/{data.test_file.path}"] = data.test_file
    return files


def keep_data(section: MemberSection, reference: Reference, folder: Path) -> None:
    """Write the data of a member's package into ``folder``; nothing for a package without any.

    Raises ``PackageError`` unless it is the data that the member's manifest names.
    """
    entries = data_files(reference.manifest)
    if not entries:
        return
    folder.mkdir(exist_ok=True)
    written = set[str]()
    for layer in reference.image(companion=True, base=False).layers:
        if layer.name == "data":
            with layer.members() as members:
                for info in members:
                    entry = entries.get(info.name.removeprefix("data/"))
                    if entry is not None and info.isreg():
                        with (folder / entry.sha256).open("wb") as file:
                            file.writelines(members.chunks(info))
                        written.add(entry.sha256)
    for name, entry in entries.items():
        actual = (
            HashedFile.of(folder / entry.sha256).sha256 if entry.sha256 in written else "no file"
        )
        if actual != entry.sha256:
            raise PackageError(
                f"[[member]] {section.name}: data {name}: expected sha256 {entry.sha256}, got"
                f" {actual}",
                "its companion was changed or is missing: build the member again",
            )


def data_entries(folder: Path) -> list[Entry]:
    """The entries of the layer with the files that ``keep_data`` wrote; empty without any."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    entries = [Entry(f"{FOLDER}/{path.name}", HashedFile.of(path), mode=0o644) for path in files]
    return [Entry("data"), Entry(FOLDER), *entries] if entries else []


def placed(manifest: Manifest, by_digest: Mapping[str, Path]) -> dict[str, Path]:
    """Path below ``/data`` → file, for a replay; ``by_digest``: sha256 → file."""
    return {name: by_digest[entry.sha256] for name, entry in data_files(manifest).items()}
