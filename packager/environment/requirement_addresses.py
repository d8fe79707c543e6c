"""Writes requirements that name a path or URL as a name and an address (``sources``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from packager.environment.requirement_hashes import without_hashes
from packager.errors import UsageError

MARKER = re.compile(r"(?:\s;|;\s)(.*)$")
URL = re.compile(r"^(?:git\+\w+|https?)://\S+", re.IGNORECASE)
_EXTRAS = re.compile(r"\[[\w., -]*\]")
_NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@")


def local_address(text: str, path: Path) -> str:
    """A line that names the local path ``path``, as a name and address.

    Raises ``UsageError`` for a wheel that is not called as wheels are.
    """
    marker, extras, named = MARKER.search(text), _EXTRAS.search(text), _NAME.match(text)
    name = named[1] if named else ""
    if path.suffix == ".whl" and path.is_file():
        name = _wheel_name(path)
    url, more = path.resolve().as_uri(), extras[0].replace(" ", "") if extras else ""
    inside = re.search(r"#(?:[^\s;]*&)?(subdirectory=[^\s;&]+)", text)
    url += f"#{inside[1]}" if inside else ""
    requirement = f"{name}{more} @ {url}" if name else f"{url}{more}"
    return f"{requirement} ; {marker[1].strip()}" if marker else requirement


def _wheel_name(path: Path) -> str:
    try:
        return str(parse_wheel_filename(path.name)[0])
    except InvalidWheelFilename as error:
        raise UsageError(
            f"{path.name}: expected a wheel called NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
            "give it the name that it was built with, or build it again with `pip wheel`",
        ) from error


def named_wheel(text: str) -> str:
    """``NAME @ URL`` for a line that is the bare URL of a wheel; any other line as it is.

    Without the name no hash or constraint would apply to it.
    """
    if URL.match(text):
        url = text.partition(" ")[0].rstrip(";")
        try:
            name = parse_wheel_filename(_file(url))[0]
        except InvalidWheelFilename:
            return text
        return f"{name} @ {text}"
    return text


def hashes_of_url(text: str) -> str:
    """The sha256 in the fragment of a wheel's URL, as ``--hash`` writes it; empty if none."""
    url = text.partition(" @ ")[2].partition(" ")[0] or text
    if not URL.match(url) or not urlsplit(url).path.endswith(".whl"):
        return ""
    digests = parse_qs(urlsplit(url).fragment).get("sha256", ())
    return "".join(f" --hash=sha256:{one}" for one in digests)


def named_wheels(requirements: Sequence[str]) -> dict[str, str]:
    """File name → address of each wheel that a normalized requirement names by its address."""
    addresses = {}
    for line in requirements:
        url = without_hashes(line)[0].partition(" @ ")[2].partition(" ;")[0].strip()
        if urlsplit(url).path.endswith(".whl"):
            addresses[_file(url)] = url.partition("#")[0]
    return addresses


def _file(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])
