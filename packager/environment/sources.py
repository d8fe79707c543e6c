"""The requirements that have to be built, and their sources.

``read_requirements`` writes every source as an address: ``NAME[EXTRAS] @ URL; MARKER`` or, without
a name, ``URL[EXTRAS]; MARKER``. A folder or archive of the project is a ``file:`` URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from packaging.markers import InvalidMarker, Marker

from packager.environment.platform import WheelTarget
from packager.errors import UsageError

SourceKind = Literal["folder", "archive", "git", "url", "index"]
ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
GIT_SCHEMES = ("https", "http", "ssh", "file", "git")
OTHER_CONTROL = ("hg+", "svn+", "bzr+")
_SOURCE = re.compile(
    r"^(?:(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*@\s*)?"
    r"(?P<url>(?:git\+\w+|https?|file)://[^\s\[]\S*?)(?P<more>\[[\w., -]*\])?"
    r"(?:\s*;\s+(?P<late>.*)|\s+;\s*(?P<marker>.*))?$"
)
_HASH = re.compile(r"\s--hash=(\w+:[0-9a-fA-F]+)")
_EGG = re.compile(r"([\w.-]+)(\[[\w., -]*\])?")
_PLAIN_PATH = re.compile(r"[\w./+@ -]*")


@dataclass(frozen=True)
class SourceRequirement:
    """A requirement that is built into a wheel."""

    kind: SourceKind
    name: str | None
    """The package's name; None if the line does not tell."""
    extras: str
    """``[a,b]`` or empty."""
    marker: str
    url: str
    """Without user, password, query and fragment."""
    authority: str = ""
    """``user:password`` of the URL; never shown or stored."""
    query: str = ""
    """The URL's query, which may be a signature; never shown or stored."""
    ref: str = ""
    """Branch, tag or commit; empty for the default branch."""
    subdirectory: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The folder, archive or repository of a ``file:`` URL."""
        return Path(url2pathname(urlsplit(self.url).path))

    def recorded(self, top: Path) -> str:
        """The name in lock and messages: no credentials, and paths relative to ``top``."""
        text = self.url
        if self.kind in ("folder", "archive"):
            text = self.path.resolve().relative_to(top.resolve()).as_posix()
        elif self.kind == "git":
            text = f"git+{text}" + (f"@{self.ref}" if self.ref else "")
        return text + (f"#subdirectory={self.subdirectory}" if self.subdirectory else "")

    def requirement(self, name: str, wheel: Path) -> str:
        """The requirement of its wheel, in the place of the source."""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{name}{self.extras} @ {wheel.as_uri()}{marker}"


def parse_source(text: str) -> SourceRequirement | None:
    """The source that a normalized requirement names; None if an index or a wheel answers it.

    Raises ``UsageError`` for an address that can't be fetched.
    """
    match = _SOURCE.match(_HASH.sub("", text).strip())
    if match is None:
        return None
    url = match["url"].rstrip(";")
    control, _, rest = url.rpartition("+") if url.startswith("git+") else ("", "", url)
    parts = urlsplit(rest)
    if not control and parts.path.endswith(".whl"):
        return None
    fragment = parse_qs(parts.fragment)
    egg = _EGG.match(fragment.get("egg", [""])[0])
    hashes = tuple(_HASH.findall(text)) + tuple(
        f"{name}:{values[0]}" for name, values in fragment.items() if name.startswith("sha")
    )
    path, ref = parts.path, ""
    if control and "@" in path.rpartition("/")[2] + path:
        path, _, ref = path.rpartition("@")
    authority, host = parts.netloc.rpartition("@")[::2]
    if parts.scheme == "ssh" and ":" not in authority:
        authority, host = "", parts.netloc  # a user's name belongs to the address
    return SourceRequirement(
        kind=_kind(control, parts.scheme, path),
        name=match["name"] or (egg[1] if egg else None),
        extras=match["extras"] or match["more"] or (egg[2] if egg and egg[2] else "") or "",
        marker=(match["marker"] or match["late"] or "").strip(),
        url=urlunsplit((parts.scheme, host, path, "", "")),
        authority=unquote(authority) if ":" not in authority else authority,
        query=parts.query,
        ref=_plain_ref(unquote(ref), rest=host + path),
        subdirectory=_inside(fragment.get("subdirectory", [""])[0], host + path),
        hashes=hashes,
    )


def _kind(control: str, scheme: str, path: str) -> SourceKind:
    if control:
        if scheme not in GIT_SCHEMES:
            raise UsageError(
                f"git+{scheme}: expected git+https, git+ssh or git+file", "fix that requirement"
            )
        return "git"
    if scheme != "file":
        return "url"
    return "archive" if path.lower().endswith(ARCHIVES) else "folder"


def _plain_ref(ref: str, rest: str) -> str:
    """``ref`` if git can't take it for an option or an expression."""
    if ref and (not re.fullmatch(r"\w[\w./+-]*", ref) or ".." in ref):
        raise UsageError(
            f"{rest}: expected a branch, tag or commit after @, got {ref[:100]!r}",
            "name the commit",
        )
    return ref


def _inside(subdirectory: str, called: str) -> str:
    parts = Path(subdirectory).parts
    if subdirectory.startswith("/") or ".." in parts or not _PLAIN_PATH.fullmatch(subdirectory):
        raise UsageError(
            f"{called}: expected a folder of the source as its subdirectory, got "
            f"{subdirectory[:100]!r}",
            "write #subdirectory=PATH with a path within the source",
        )
    return "/".join(parts)


def needed(marker: str, target: WheelTarget) -> bool:
    """Whether a requirement with this marker is one on the target."""
    if not marker:
        return True
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{target.python}.0",
        "python_version": target.python,
        "sys_platform": "linux",
        "extra": "",
    }
    try:
        return Marker(marker).evaluate(environment)
    except InvalidMarker as error:
        raise UsageError(f"expected a marker after `;`, got {marker[:100]!r}", "fix it") from error
