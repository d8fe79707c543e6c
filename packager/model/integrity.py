"""Compare the files of a package with those listed in its manifest."""

from __future__ import annotations

import importlib.util
import marshal
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType

from packager.digest import sha256_file, tree_digest
from packager.errors import PackageError
from packager.manifest.base import FileEntry, FrozenModel
from packager.manifest.manifest import Manifest
from packager.model.paths import Root

MISSING = "missing"
NO_FILE = "no such file"
MANIFEST = "manifest.json"
LOCK = "lock.json"
LINK = "a symbolic link"
NOT_REGULAR = "no regular file"
AS_COMPILED = "bytecode of its source"
OTHER = "other bytecode"
UNCOMPARED = (
    *("co_stacksize", "co_qualname", "co_varnames", "co_cellvars", "co_freevars"),
    "_co_code_adaptive",
)
"""Attributes that ``==`` of two code objects ignores, besides the name of the file.

The last are the instructions as they are executed, from Python 3.11 on: ``==`` takes specialized
ones for the general ones that they stand for, and passes over their inline caches, which can name
another global or builtin than the source does.
"""


def verify(manifest: Manifest, root: Root) -> list[IntegrityCheck]:
    """Compare package, code, model and data files with the manifest, by sha256.

    Returns one check for each group, and one for each file that is missing, altered or unlisted:
    an unlisted file could be imported or read in place of a listed one.
    """
    package = [entry for entry in _package_files(manifest, root) if entry.path != MANIFEST]
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

    A server answers under the package's version and root, so it verifies what it loads first. An
    unlisted file is refused too: code could import it in place of a listed one, or a model's
    ``load`` could read it. A symbolic link is refused, because its target can change later, and so
    is bytecode that differs from its compiled source.
    """
    package = [
        *_package_files(manifest, root),
        FileEntry(path=MANIFEST, sha256=manifest.root, size=len(manifest.dump())),
    ]
    folders = ((root.models, manifest.model), (root.code, manifest.code), (root.package, package))
    for folder, entries in folders:
        named = {entry.path: entry.sha256 for entry in entries}
        present = _plain_files(folder)
        for name in sorted(named.keys() | present):
            expected, path = named.get(name, NO_FILE), folder / name
            if name not in present:
                actual = MISSING
            elif path.is_symlink() or not path.is_file():
                actual = LINK if path.is_symlink() else NOT_REGULAR
            elif name not in named and is_bytecode(name) and folder == root.code:
                expected, actual = AS_COMPILED, AS_COMPILED if is_compiled(path) else OTHER
            else:
                actual = sha256_file(path)
            if actual != expected:
                raise PackageError(
                    f"{path}: expected {_shown(expected)} as in the manifest, got {actual}",
                    "the package was changed after it was built: build it again",
                )


def _package_files(manifest: Manifest, root: Root) -> tuple[FileEntry, ...]:
    """The files that ``/package`` must contain, for the platform whose lock it contains."""
    # A lock of no platform is reported as another file than any of them has.
    first = next(iter(manifest.platforms), None)
    return manifest.package_files(own_platform(manifest, root) or first)


def own_platform(manifest: Manifest, root: Root) -> str | None:
    """The platform whose lock is in ``/package``; None if it is that of no platform."""
    path = root.package / LOCK
    digest = sha256_file(path) if path.is_file() and not path.is_symlink() else MISSING
    named = (
        name
        for name, platform in manifest.platforms.items()
        if any(entry.path == LOCK and entry.sha256 == digest for entry in platform.files)
    )
    return next(named, None)


def is_compiled(path: Path) -> bool:
    """Whether the bytecode at ``path`` in ``__pycache__`` is what its source compiles to.

    Also true for bytecode of another Python version, which this one doesn't load, and for bytecode
    without source, which no version loads from there. False for a link.
    """
    source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
    if path.is_symlink() or not source.is_file():
        return not path.is_symlink()
    content = path.read_bytes()
    if content[:4] != importlib.util.MAGIC_NUMBER:
        return True
    try:
        compiled = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
        return _is_same_code(compiled, marshal.loads(content[16:]))
    except (SyntaxError, ValueError, EOFError, TypeError):
        return False


def _is_same_code(compiled: CodeType, actual: object) -> bool:
    """Whether ``actual`` is the code ``compiled``, with the code in it."""
    if not isinstance(actual, CodeType) or compiled != actual:
        return False
    pairs = zip(compiled.co_consts, actual.co_consts, strict=True)
    return all(
        getattr(compiled, name, None) == getattr(actual, name, None) for name in UNCOMPARED
    ) and all(_is_same_code(one, other) for one, other in pairs if isinstance(one, CodeType))


def verify_folder(
    group: str, folder: Path, entries: Sequence[FileEntry], ignored: Callable[[str], bool]
) -> list[IntegrityCheck]:
    """The checks of one folder; ``ignored`` files are compared only if ``entries`` list them."""
    expected = {entry.path: entry.sha256 for entry in entries}
    actual = {
        name: sha256_file(folder / name)
        for name in _files(folder)
        if name in expected or not ignored(name)
    }
    whole = IntegrityCheck(
        name=f"{group} files",
        expected=tree_digest(expected.items()),
        actual=tree_digest(actual.items()),
        ok=actual == expected,
    )
    differing = [
        IntegrityCheck(
            name=f"{group} file {name}",
            expected=expected.get(name, NO_FILE),
            actual=actual.get(name, MISSING),
            ok=False,
        )
        for name in sorted(expected.keys() | actual.keys())
        if expected.get(name) != actual.get(name)
    ]
    return [whole, *differing]


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _shown(expected: str) -> str:
    return expected if expected in (NO_FILE, AS_COMPILED) else f"sha256 {expected}"


def _plain_files(folder: Path) -> set[str]:
    """Every file and symbolic link below ``folder``, without following links."""
    paths = set()
    for name, folders, files in os.walk(folder):
        here = Path(name)
        links = [inner for inner in folders if (here / inner).is_symlink()]
        paths |= {(here / inner).relative_to(folder).as_posix() for inner in (*files, *links)}
    return paths


def is_bytecode(name: str) -> bool:
    """Whether ``name`` is bytecode that Python cached next to the code; no manifest lists it.

    Another file there is none: a library may read it, as numba does its compiled functions.
    """
    return name.endswith(".pyc") and name.split("/")[-2:-1] == ["__pycache__"]


def is_passed_over(name: str) -> bool:
    """Whether the data reader skips ``name``: ``_SUCCESS`` and hidden files are not data."""
    return any(part.startswith((".", "_")) for part in name.split("/"))


class IntegrityCheck(FrozenModel):
    """One comparison of an expected and an actual value."""

    name: str
    expected: str
    actual: str
    ok: bool
