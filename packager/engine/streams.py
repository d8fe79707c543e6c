"""Reads byte chunks and messages of an engine as lines, as a file, or as a build result."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from packager.errors import PackageError
from packager.tar_reader import MAX_HEADER, TarReader, plain_tar

# Prefixes of lines that a legacy engine prints between the steps of a build.
LEGACY_OUTPUT = (" --->", "Removing intermediate container")


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The text lines of ``chunks``, independent of chunk boundaries."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def only_file(chunks: Iterable[bytes], called: str, most: int) -> bytes:
    """The content of the only file of a tar that arrives in chunks.

    Raises ``PackageError`` for anything else, and for more than ``most`` bytes.
    """
    refusal = plain_tar(called)
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            if file.tell() > most + MAX_HEADER:
                raise refusal(f"more than {most:,} bytes")
            file.write(chunk)
        reader = TarReader(file, refusal, most=1)
        for info in reader:
            if info.isreg():
                return reader.content(info, most)
    raise refusal("no regular file")


def folders_tar(modes: Mapping[str, int]) -> bytes:
    """A tar of empty folders, by path with their modes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for path, mode in modes.items():
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
    return file.getvalue()


def files_tar(files: Mapping[str, bytes]) -> bytes:
    """A tar of files that everybody may read, by path with their contents."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def built_id(messages: Iterable[Mapping[str, Any]], on_line: Callable[[str], None]) -> str:
    """The image id in a build's messages; calls ``on_line`` with each line of output.

    Raises ``PackageError`` with the engine's message if the build failed.
    """
    image = ""
    why = "it reported no image"
    for message in messages:
        if "error" in message:
            why, image = str(message["error"]).strip(), ""
            break
        for line in str(message.get("stream", "")).splitlines():
            if line.strip() and not line.startswith(LEGACY_OUTPUT):
                on_line(line)
        image = (message.get("aux") or {}).get("ID", image)
    if not image:
        raise PackageError(
            f"the engine could not build the Dockerfile: {why}",
            "the step that failed is above; its RUN has no network",
        )
    return image
