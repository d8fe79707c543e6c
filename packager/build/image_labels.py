"""The user's own labels of an image: ``--label``, and the file ``package.image-labels``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from packager.confinement import refuse_leaving, small_text
from packager.errors import UsageError
from packager.image.config import LABEL, REVISION, SOURCE, TITLE, VERSION
from packager.project.outputs import LABELS
from packager.project.secrets import secret_written
from packager.registry.pull import IMAGE_NAME, REF_NAME
from packager.text import did_you_mean

OPTION = "--label"
MAX_LABELS = 64
MAX_BYTES = 4096
"""Of name and value together: containerd refuses longer ones."""
OCI = "org.opencontainers."
WRITTEN = (TITLE, VERSION, REVISION, SOURCE, REF_NAME, IMAGE_NAME)
"""Labels and annotations that a build writes itself."""
FREE = tuple(
    f"{OCI}image.{name}"
    for name in (
        *("authors", "base.digest", "base.name", "created", "description", "documentation"),
        *("licenses", "url", "vendor"),
    )
)
"""The names that the OCI image specification defines and a build does not write."""
RESERVED = (f"{LABEL}.", "com.docker.", "io.docker.", "org.dockerproject.")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")


def image_labels(project: Path, options: Sequence[str]) -> dict[str, str]:
    """The labels of the project's file and of the command, whose values win; sorted by name.

    Raises ``UsageError`` for a label that is no ``NAME=VALUE``, reserved, given twice, too long,
    not printable, or that looks like a credential.
    """
    labels = {**_read(_lines(project), LABELS), **_read(options, OPTION)}
    if len(labels) > MAX_LABELS:
        raise UsageError(
            f"labels: expected at most {MAX_LABELS}, got {len(labels)}", "leave some out"
        )
    return dict(sorted(labels.items()))


def _lines(project: Path) -> list[str]:
    """The lines of the project's file of labels, without comments; none without the file."""
    file = project / LABELS
    if not os.path.lexists(file):
        return []
    refuse_leaving(file, project)
    if not file.is_file():
        raise UsageError(
            f"{LABELS}: expected a file with lines NAME=VALUE, got no such file",
            "replace it by one, or remove it",
        )
    small_text(file, LABELS)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{LABELS}: expected UTF-8 text: {error}", "save it as UTF-8") from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _read(entries: Iterable[str], where: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        name, value = name.strip(), value.strip()
        _check_value(name, value, where)
        if not equals:
            raise UsageError(
                f"{where}: expected NAME=VALUE, got {entry[:100]!a}",
                "for example com.example.team=risk",
            )
        _check_name(name, where)
        if name in labels:
            raise UsageError(f"{where}: {name}: expected it once, got it twice", "leave one out")
        labels[name] = value
    return labels


def _check_name(name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{where}: expected a name of letters, digits, '.', '_', '-' and '/', which begins and "
            f"ends with a letter or digit, got {name[:100]!a}",
            "for example com.example.team=risk",
        )
    if name in WRITTEN:
        raise UsageError(
            f"{where}: {name}: expected another name: the build writes this one itself",
            'leave it out: docs/images.md, "Labels and annotations", says what it holds',
        )
    prefix = next((one for one in RESERVED if name.startswith(one)), None)
    if prefix is not None:
        raise UsageError(
            f"{where}: {name}: expected another prefix than {prefix}, which is reserved",
            "begin it with a domain of yours, for example com.example.team=risk",
        )
    if name.startswith(OCI) and name not in FREE:
        raise UsageError(
            f"{where}: {name}: not a name of the OCI image specification",
            did_you_mean(name, FREE) or f"the names beginning with {OCI} are {', '.join(FREE)}",
        )


def _check_value(name: str, value: str, where: str) -> None:
    """Refuse a value by its text, which the message does not repeat if it may be a credential."""
    shown = ascii(name[:100])[1:-1]
    called = name.rpartition(".")[2]
    secret = secret_written("labels.ini", f"{called}={value}".encode(errors="replace"))
    if secret is not None:
        raise UsageError(
            f"{where}: {shown}: looks like {secret.what}, and an image's labels are public",
            "leave it out, and replace that credential if others may have seen it",
        )
    if not value.isprintable():
        raise UsageError(
            f"{where}: {shown}: expected printable text, got {value[:100]!a}",
            "leave out line breaks and control characters",
        )
    size = len(f"{name}{value}".encode(errors="surrogateescape"))
    if size > MAX_BYTES:
        raise UsageError(
            f"{where}: {shown}: expected at most {MAX_BYTES} bytes of name and value, got {size}",
            "shorten it",
        )
