"""The content of an image above its base: every file, link and folder, and its digests.

The digests cover contents, modes and the targets of links. The list, which ``/package`` contains
(``files.txt``), names what differs; to be small, it has only the first digits of each sha256.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from packager.cache import atomic_file, cache_directory, touch
from packager.digest import HashedFile, sha256_bytes, tree_digest
from packager.image.layers import Entry, Layer, with_parents
from packager.image.runtime import HARNESS, INSTALLED_AT, MEMBERS, MODEL, VENV, WHEELS
from packager.image.trees import LayerTree, layer_tree

FILE = "files.txt"
PACKAGE = "package"
TOPS = (WHEELS, VENV, MODEL, MEMBERS, HARNESS, INSTALLED_AT, "code", "models", PACKAGE, "data")
"""Folders of a package; all else in an image is its base's."""
FOLDER = "folder "
LINK = "link "
PLAIN_FOLDER = f"{FOLDER}755"
SHORT = 8
"""Hex digits of a sha256 in the list."""
COMPANION = "companion"
REMOVED = "removed by a layer above"
READER_VERSION = 4
"""Part of the name of a cached list: raise it when fewer layers are accepted, or lists differ."""
SAFE = "/!#$&'()*+,-.:;<=>?@[]^_`{|}~"

Listing = Mapping[str, str]
"""Posix path below ``/`` → ``644 SHA256``, ``link TARGET`` or ``folder 755``."""


def listing_of(tree: LayerTree) -> dict[str, str]:
    """The list of the members of a layer."""
    folders = {name: f"{FOLDER}{mode}" for name, mode in tree.folders.items()}
    return folders | {name: file.described for name, file in tree.files.items()}


def layer_listing(layer: Layer, *, verified: bool = False) -> dict[str, str]:
    """The list of the members of ``layer``, cached by its digest.

    Its bytes are compared with the digest first, unless this process made them (``verified``).
    Raises ``PackageError`` for a layer that was changed, and as ``layer_tree``.
    """
    known = known_listing(layer.diff_id)
    if known is not None:
        return known
    if not verified:
        for _ in layer.read():
            pass
    listing = listing_of(layer_tree(layer))
    keep_listing(layer, listing)
    return listing


@contextmanager
def listed_meanwhile(layers: Sequence[Layer]) -> Iterator[None]:
    """List the members of layers that this process made in a thread, while the block runs."""
    with ThreadPoolExecutor(1) as pool:
        lists = [pool.submit(layer_listing, layer, verified=True) for layer in layers]
        yield
        for one in lists:
            one.result()


def keep_listing(layer: Layer, listing: Listing) -> None:
    """Cache the list of the members of ``layer``, which this process made."""
    lines = (f"{_quoted(name)} {_rest(what)}\n" for name, what in sorted(listing.items()))
    text = "".join(lines).encode("ascii")
    with atomic_file(_cache_path(layer.diff_id)) as file:
        file.write_bytes(f"{sha256_bytes(text)}\n".encode() + text)


def entries_listing(entries: Iterable[Entry], digests: Mapping[str, str]) -> dict[str, str]:
    """The list of a layer of ``entries``; ``digests``: sha256 of its files that are paths."""
    listing = {}
    for entry in with_parents(entries):
        if entry.link is not None:
            listing[entry.name] = f"{LINK}{entry.link}"
        elif entry.source is None:
            listing[entry.name] = f"{FOLDER}{entry.mode or 0o755:o}"
        else:
            source = entry.source
            digest = source.sha256 if isinstance(source, HashedFile) else digests[entry.name]
            listing[entry.name] = f"{entry.mode or 0o644:o} {digest}"
    return listing


def known_listing(diff_id: str) -> dict[str, str] | None:
    """The cached list of the layer ``diff_id``; None if it was not read here, or is damaged."""
    location = _cache_path(diff_id)
    if not location.is_file():
        return None
    digest, _, text = location.read_bytes().partition(b"\n")
    if digest.decode(errors="replace") != sha256_bytes(text):
        return None
    touch(location)
    lines = text.decode("ascii").splitlines()
    pairs = (line.partition(" ") for line in lines)
    return {unquote(name): unquote(what) for name, _, what in pairs}


def _cache_path(diff_id: str) -> Path:
    return cache_directory("listings") / f"{diff_id.removeprefix('sha256:')}-{READER_VERSION}.txt"


def _quoted(text: str) -> str:
    return quote(text, safe=SAFE, errors="surrogateescape")


def _rest(text: str) -> str:
    """The end of a line, in which spaces stay: most have nothing to unquote, which takes time."""
    return quote(text, safe=f"{SAFE} ", errors="surrogateescape")


@dataclass(frozen=True)
class FileList:
    """The files of an image above its base, and those that a companion adds."""

    image: Listing
    companion: Listing

    @classmethod
    def of(cls, image: Iterable[Listing], companion: Iterable[Listing] = ()) -> FileList:
        """Join the lists of layers; what an image has is no part of what its companion adds.

        What a companion takes away is part of it.
        """
        folders: set[str] = set()
        lower = _stacked({}, folders, image)
        whole = _stacked(dict(lower), folders, companion)
        added = {name: what for name, what in whole.items() if lower.get(name) != what}
        return cls(lower, added | dict.fromkeys(lower.keys() - whole.keys(), REMOVED))

    @classmethod
    def made(cls, layers: Sequence[Layer], companion: Sequence[Layer]) -> FileList:
        """The files of layers that this process made."""
        parts = (layers, companion)
        return cls.of(*([layer_listing(one, verified=True) for one in part] for part in parts))

    @classmethod
    def parse(cls, text: str) -> FileList:
        """The list in a ``files.txt``, with shortened digests; raises ``ValueError`` otherwise."""
        parts: tuple[dict[str, str], dict[str, str]] = ({}, {})
        number, folder = 0, ""
        for line in text.splitlines():
            if line == COMPANION:
                number = 1
            elif line.startswith(" "):
                name, _, what = line[1:].partition(" ")
                parts[number][f"{folder}/{unquote(name)}"] = _expanded(unquote(what))
            else:
                folder, _, mode = line.partition("/ ")
                folder = unquote(folder.removesuffix("/"))
                parts[number][folder] = f"{FOLDER}{mode or '755'}"
        return cls(*parts)

    def text(self) -> str:
        """The text of ``files.txt``: folders with their files, sorted, without ``/package``."""
        lines = list(_lines(self.image))
        if self.companion:
            lines += [COMPANION, *_lines(self.companion)]
        return "".join(f"{line}\n" for line in lines)

    def trees(self) -> tuple[dict[str, str], dict[str, str]]:
        """Digests of the folders of the image, and of those of its companion."""
        return _trees(self.image), _trees(self.companion)

    def shortened(self) -> FileList:
        """The same list as ``files.txt`` has it, to compare with one."""
        return FileList.parse(self.text())


def _stacked(
    listing: dict[str, str], folders: set[str], layers: Iterable[Listing]
) -> dict[str, str]:
    """Put layers on ``listing``, whose folders are ``folders``; both are changed.

    A file or link in place of a folder removes what is in it. Two layers would remove files
    unnoticed otherwise: one with a link in place of their folder, one with the folder again.
    """
    for layer in layers:
        for name, what in layer.items():
            if name in folders and not what.startswith(FOLDER):
                for inner in [inside for inside in listing if inside.startswith(f"{name}/")]:
                    del listing[inner]
        listing |= layer
        for name in layer:
            above = name.rpartition("/")[0]
            while above and above not in folders:
                folders.add(above)
                above = above.rpartition("/")[0]
    return listing


def _trees(listing: Listing) -> dict[str, str]:
    trees: dict[str, list[tuple[str, str]]] = {}
    for name, what in listing.items():
        top = top_of(name)
        if top is not None and top != PACKAGE:
            trees.setdefault(f"/{top}", []).append((name.removeprefix(top).lstrip("/"), what))
    return {top: tree_digest(entries) for top, entries in sorted(trees.items())}


def top_of(name: str) -> str | None:
    """The folder of a package that contains ``name`` or is it; None for another path."""
    return next((top for top in TOPS if name == top or name.startswith(f"{top}/")), None)


def strays(listing: Listing) -> list[str]:
    """Paths that no image has above its base: outside its folders, or special in ``/package``."""
    above = {top.rpartition("/")[0] for top in TOPS} - {""} | {".", ""}
    return sorted(
        name
        for name, what in listing.items()
        if ((top := top_of(name)) is None and (name not in above or what != PLAIN_FOLDER))
        or (top == PACKAGE and what != PLAIN_FOLDER and not what.startswith("644 "))
        or (top == PACKAGE and len(what.split()) > 2)
    )


def _lines(listing: Listing) -> Iterable[str]:
    folders: dict[str, list[str]] = {}
    modes: dict[str, str] = {}
    for name, what in sorted(listing.items()):
        if (top := top_of(name)) is None or top == PACKAGE:
            continue
        if what.startswith(FOLDER):
            folders.setdefault(name, [])
            modes[name] = what.removeprefix(FOLDER)
        else:
            folder, _, inner = name.rpartition("/")
            folders.setdefault(folder, []).append(f" {_quoted(inner)} {_quoted(_short(what))}")
    for folder, lines in sorted(folders.items()):
        mode = modes.get(folder, "755")
        yield f"{_quoted(folder)}/" + ("" if mode == "755" else f" {_quoted(mode)}")
        yield from lines


def _short(what: str) -> str:
    """``abcd1234`` for a file of mode 644, ``755 abcd1234`` for others, ``> target`` for links."""
    if what.startswith(LINK):
        return f"> {what.removeprefix(LINK)}"
    mode, _, digest = what.rpartition(" ")
    return digest[:SHORT] if mode == "644" else f"{mode} {digest[:SHORT]}"


def _expanded(short: str) -> str:
    if short.startswith("> "):
        return f"{LINK}{short[2:]}"
    return short if " " in short else f"644 {short}"
