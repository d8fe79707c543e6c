"""Check that the layers of an image contain the files of its manifest, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packager.digest import Files, tree_digest
from packager.image.config import MEMBERS_DATA, TRAINING
from packager.image.file_list import Listing, listing_of
from packager.image.layers import Layer
from packager.image.runtime import HARNESS, INSTALLED_AT, MEMBERS, MODEL, VENV, WHEELS
from packager.image.trees import Tree, TreeFile, below, is_bytecode_of, layer_tree
from packager.manifest.base import FileEntry
from packager.manifest.manifest import DataSource, Lock, Manifest
from packager.model.integrity import MANIFEST, MISSING, NO_FILE, IntegrityCheck

FOLDERS = {
    "runtime": INSTALLED_AT,
    TRAINING: INSTALLED_AT,
    "code": "code",
    "model": "models",
    "package": "package",
    "data": "data",
    MEMBERS_DATA: "data/members",
}
"""Layer of a package → its folder; all other layers contain dependencies."""
ENVIRONMENTS = (WHEELS, VENV, MODEL, MEMBERS, HARNESS)
"""Folders of the dependencies."""
TRAINING_FOLDERS = ("packager/", "monitoring/")
ENVIRONMENT = "environment"
DATA_LAYER = "data layer"
"""The name of checks of the training data."""
MAX_NAMED = 20
"""Maximum number of files of a group that are named, to keep reports readable."""


@dataclass(frozen=True)
class ImageContents:
    """The layers of an image above its base, by purpose."""

    layers: tuple[Layer, ...]
    trees: Mapping[str, Tree]
    """``environment``, and each of ``FOLDERS`` that exists → its files by full path."""
    checks: tuple[IntegrityCheck, ...]
    listings: tuple[Listing, ...] = ()
    """The list of the members of each layer."""


def read_contents(layers: Sequence[Layer], lock: Lock) -> ImageContents:
    """Read every layer above the locked base; failed checks name files outside their folder."""
    count = 0 if lock.base == "none" else len(lock.base.diff_ids)
    trees: dict[str, dict[str, TreeFile]] = {}
    checks, listings = [], []
    for layer in layers[count:]:
        kind = layer.name if layer.name in FOLDERS else ENVIRONMENT
        folders = (FOLDERS[layer.name],) if layer.name in FOLDERS else ENVIRONMENTS
        members = layer_tree(layer)
        tree = members.files
        listings.append(listing_of(members))
        tops = tuple(f"{folder}/" for folder in folders)
        strays = [name for name in tree if not name.startswith(tops)]
        below_these = " or ".join(f"/{folder}" for folder in folders)
        known = trees.setdefault(kind, {})
        # Packages of one namespace may contain the same file; different content would hide it.
        strays += [name for name in tree if name in known and known[name] != tree[name]]
        checks += [
            _check(f"layer {layer.name}", f"files below {below_these}, each once", f"/{name}")
            for name in sorted(strays)[:MAX_NAMED]
        ]
        known.update(tree)
    return ImageContents(tuple(layers[count:]), trees, tuple(checks), tuple(listings))


def package_checks(
    contents: ImageContents, manifest: Manifest, platform: str
) -> list[IntegrityCheck]:
    """Check the serving runtime, code, model, package and data files against the manifest."""
    trees = {name: below(contents.trees.get(name, {}), folder) for name, folder in FOLDERS.items()}
    checks = [
        _check("runtime", manifest.runtime, _digest_of_sources(trees["runtime"])),
        *_strange_bytecode("runtime", trees["runtime"]),
        *_strange_bytecode("code", trees["code"]),
        *file_checks("code layer", manifest.code, _sources(trees["code"])),
        *file_checks("model layer", manifest.model, trees["model"]),
    ]
    own = FileEntry(path=MANIFEST, sha256=manifest.root, size=len(manifest.dump()))
    checks += file_checks(
        "package layer", [*manifest.package_files(platform), own], trees["package"]
    )
    if manifest.data != "none" and manifest.data.embed != "none":
        entries = [_below("source", entry) for entry in manifest.data.files]
        held_out = manifest.data.test_file
        entries += [_below("test", held_out)] if held_out else []
        checks += file_checks(DATA_LAYER, entries, trees["data"])
    else:
        checks += file_checks(DATA_LAYER, (), trees["data"])
    if manifest.solution is None:
        checks += file_checks(f"{MEMBERS_DATA} layer", (), trees[MEMBERS_DATA])
    return checks


def training_checks(contents: ImageContents, recorded: str | None) -> list[IntegrityCheck]:
    """Check the training runtime against ``recorded``, its digest in the manifest.

    It may only contain modules of ``packager`` and ``monitoring``, and must not replace modules of
    the serving runtime, which imports none of them.
    """
    tree = below(contents.trees.get(TRAINING, {}), INSTALLED_AT)
    serves = below(contents.trees.get("runtime", {}), INSTALLED_AT)
    strays = [name for name in tree if name in serves or not name.startswith(TRAINING_FOLDERS)]
    actual = _digest_of_sources(tree) if tree else NO_FILE
    return [
        _check(TRAINING, recorded or NO_FILE, actual if tree or recorded else NO_FILE),
        *_strange_bytecode(TRAINING, tree),
        *(
            _check(f"layer {TRAINING}", "only training modules", f"/{INSTALLED_AT}/{name}")
            for name in sorted(strays)[:MAX_NAMED]
        ),
    ]


def _digest_of_sources(tree: Tree) -> str:
    """Tree digest of a runtime without bytecode, as recorded; names a link instead if any."""
    sources = {name: file for name, file in tree.items() if not name.endswith(".pyc")}
    links = [name for name, file in sources.items() if file.link]
    digest = tree_digest((name, file.sha256) for name, file in sources.items())
    return f"links: {links[0]}" if links else digest


def given_checks(files: Files, data: DataSource) -> list[IntegrityCheck]:
    """Check data given with ``--data`` against the manifest; ``files`` have recorded names."""
    entries = [_below("source", entry) for entry in data.files]
    entries += [_below("test", data.test_file)] if data.test_file else []
    return file_checks(
        "data files", entries, {name: TreeFile(file.sha256) for name, file in files.items()}
    )


def file_checks(group: str, expected: Sequence[FileEntry], tree: Tree) -> list[IntegrityCheck]:
    """One check of the whole group, and one per missing, changed or unexpected file."""
    named = {entry.path: entry.sha256 for entry in expected}
    actual = {name: str(file) for name, file in tree.items()}
    differing = sorted(n for n in named.keys() | actual.keys() if named.get(n) != actual.get(n))
    whole = _check(group, tree_digest(named.items()), tree_digest(actual.items()))
    each = [
        _check(f"{group}: {name}", named.get(name, NO_FILE), actual.get(name, MISSING))
        for name in differing[:MAX_NAMED]
    ]
    return [whole, *each]


def _sources(tree: Tree) -> dict[str, TreeFile]:
    return {name: file for name, file in tree.items() if not is_bytecode_of(name, tree)}


def _strange_bytecode(group: str, tree: Tree) -> list[IntegrityCheck]:
    """Failed checks for bytecode without a module, which could be imported instead of one."""
    return [
        _check(f"{group} layer: {name}", "bytecode beside its module only", str(tree[name]))
        for name in sorted(tree)
        if name.endswith(".pyc") and group != "code" and not is_bytecode_of(name, tree)
    ][:MAX_NAMED]


def _below(folder: str, entry: FileEntry) -> FileEntry:
    return entry.model_copy(update={"path": f"{folder}/{entry.path}"})


def _check(name: str, expected: str, actual: str) -> IntegrityCheck:
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=expected == actual)
