"""``[image] include``: files that are packaged even if another rule omits them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packager.errors import UsageError


def included_files(top: Path, patterns: Iterable[str]) -> dict[str, Path]:
    """Posix name → file for each pattern: a file, a folder with all its files, or a glob.

    Raises ``UsageError`` for a pattern without a match, or one that leaves the project.
    """
    included: dict[str, Path] = {}
    for pattern in patterns:
        parts = PurePosixPath(pattern).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise UsageError(
                f"package.toml: `image.include`: expected a path within the project, "
                f"got {pattern!r}",
                "write it relative to the project's folder, for example tests/dummy.pem",
            )
        paths = sorted(top.glob(pattern))
        files = [path for target in paths for path in _files(target)]
        if not files:
            raise UsageError(
                f"package.toml: `image.include`: expected files at {pattern!r}, got none",
                f"the path is relative to {top}; * and ** match names and folders",
            )
        included |= {path.relative_to(top).as_posix(): path for path in files}
    return included


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
