"""Whether the files of a package are still the ones its manifest names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from packager.digest import sha256_file, tree_digest
from packager.errors import PackageError
from packager.manifest import Manifest
from packager.noun import FileEntry
from packager.worker.paths import Root
from packager.worker.report import Check

MISSING = "missing"
NO_FILE = "no such file"
MANIFEST = "manifest.json"


def verify(manifest: Manifest, root: Root) -> list[Check]:
    """Compare package, code, model and data files with the manifest, by sha256.

    One check for each group, and one for each file that is missing, altered or not named:
    a file that nobody named could be imported or read in place of a named one.
    """
    package = [entry for entry in manifest.files if entry.path != MANIFEST]
    checks = [
        *verify_folder("package", root.package, package, lambda name: name == MANIFEST),
        *verify_folder("code", root.code, manifest.code, is_bytecode),
        *verify_folder("model", root.models, manifest.model, lambda _: False),
    ]
    if manifest.data != "none":
        checks += verify_folder("data", root.source, manifest.data.files, is_passed_over)
        if manifest.data.test_file is not None:
            held_out = [manifest.data.test_file]
            checks += verify_folder("held-out data", root.test, held_out, is_passed_over)
    return checks


def check_before_loading(manifest: Manifest, root: Root) -> None:
    """Raise ``PackageError`` unless model, code and package files are those of the manifest.

    A server answers under the package's version and root, so it holds what it loads against
    them first. Files that the manifest does not name are let be: nothing of ours loads them.
    """
    package = [entry for entry in manifest.files if entry.path != MANIFEST]
    folders = ((root.models, manifest.model), (root.code, manifest.code), (root.package, package))
    for folder, entries in folders:
        for entry in entries:
            path = folder / entry.path
            found = sha256_file(path) if path.is_file() else MISSING
            if found != entry.sha256:
                raise PackageError(
                    f"{path}: expected sha256 {entry.sha256} as in the manifest, got {found}",
                    "the package was changed after it was built: build it again",
                )


def verify_folder(
    group: str, folder: Path, entries: Sequence[FileEntry], ignored: Callable[[str], bool]
) -> list[Check]:
    """The checks of one folder; ``ignored`` files count only where ``entries`` name them."""
    expected = {entry.path: entry.sha256 for entry in entries}
    found = {
        name: sha256_file(folder / name)
        for name in _files(folder)
        if name in expected or not ignored(name)
    }
    whole = Check(
        name=f"{group} files",
        expected=tree_digest(expected.items()),
        actual=tree_digest(found.items()),
        ok=found == expected,
    )
    differing = [
        Check(
            name=f"{group} file {name}",
            expected=expected.get(name, NO_FILE),
            actual=found.get(name, MISSING),
            ok=False,
        )
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
    return [whole, *differing]


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def is_bytecode(name: str) -> bool:
    """Bytecode that Python wrote beside the code, which no manifest names."""
    return "__pycache__" in name.split("/")


def is_passed_over(name: str) -> bool:
    """As when reading a folder of data: ``_SUCCESS`` and hidden files are not data."""
    return any(part.startswith((".", "_")) for part in name.split("/"))
