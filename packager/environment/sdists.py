"""Finds source distributions on the user's indexes, for packages that offer no wheel.

uv chooses among wheels only, because it would build any other file on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

import requests
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from packager.environment.index import IndexOptions
from packager.environment.resolver_errors import NOT_FOUND

DEFAULT = "https://pypi.org/simple"
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
SECONDS = (15, 60)


@dataclass(frozen=True)
class Sdist:
    """A source distribution on an index."""

    version: Version
    url: str
    """Without user and password."""
    sha256: str
    """As the index tells it; empty if it does not."""


def find_sdist(
    name: str, specifiers: SpecifierSet, python: str, index: IndexOptions
) -> Sdist | None:
    """The highest source distribution of ``name`` within ``specifiers``; None if there is none.

    Only the first index that has the package is searched, as for wheels. Prereleases are taken
    only if nothing else fits. A version with compiled wheels, for other Pythons or systems, is not
    taken: a base has no compiler, and the error names a version that has a wheel.
    """
    with index.session() as session:
        for address in _addresses(name, index):
            links = list(_links(address, session, index))
            compiled = {version for link in links if (version := _compiled(name, link[0]))}
            sdists = [
                Sdist(version, url, sha256)
                for version, url, sha256, needs in _listed(name, links)
                if python in needs
            ]
            if sdists or compiled:
                fits = {one.version: one for one in sdists if one.version not in compiled}
                candidates = list(specifiers.filter(fits))
                return fits[max(candidates)] if candidates else None
    return None


def refusing_index(text: str, index: IndexOptions) -> str | None:
    """The address of an index that refuses the user's credentials, or the lack of them.

    ``text``: uv's error, which names a package that no index has; of refusals it says nothing.
    """
    unknown = NOT_FOUND.search(text)
    if unknown is None:
        return None
    with index.session() as session:
        for address in _addresses(unknown["name"], index):
            if urlsplit(address).scheme in ("http", "https"):
                try:
                    answer = _get_page(address, session, index)
                except requests.RequestException:
                    continue  # uv's own error names an index that does not answer
                if answer.status_code in (401, 403):
                    return answer.url
    return None


def _addresses(name: str, index: IndexOptions) -> Iterator[str]:
    """Pages and folders that list the files of ``name``, in the order of search."""
    arguments, environment = index.command()
    settings = {**index.settings, **index.settings.get("pip", {})}
    links = [*environment.get("UV_FIND_LINKS", "").split(","), *_list(settings, "find-links")]
    yield from (link for link in links if link.strip())
    if "--no-index" in arguments or settings.get("no-index"):
        return
    named = [i for i in index.settings.get("index", ()) if not i.get("explicit")]
    extra = environment.get("UV_EXTRA_INDEX_URL", "") + " " + environment.get("UV_INDEX", "")
    indexes = [*extra.split(), *_list(settings, "extra-index-url")]
    indexes += [str(i["url"]) for i in named if not i.get("default")]
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    own = [str(i["url"]) for i in named if i.get("default")]
    indexes.append(default or next(iter(own), settings.get("index-url") or DEFAULT))
    for url in indexes:
        address = url.partition("=")[2] if "=" in url.partition("://")[0] else url
        yield f"{address.rstrip('/')}/{canonicalize_name(name)}/"


def _list(settings: Any, key: str) -> list[str]:
    setting = settings.get(key, ())
    return [str(one) for one in ([setting] if isinstance(setting, str) else setting)]


def _compiled(name: str, filename: str) -> Version | None:
    """The version of a wheel of ``name`` that holds compiled code; None for any other file."""
    try:
        called, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    compiled = any(tag.platform != "any" for tag in tags)
    return version if compiled and called == canonicalize_name(name) else None


def _listed(
    name: str, links: Sequence[tuple[str, str, str, str]]
) -> Iterator[tuple[Version, str, str, SpecifierSet]]:
    """(version, address, sha256, supported Pythons) of each source distribution among ``links``."""
    for filename, url, sha256, needs in links:
        try:
            called, version = parse_sdist_filename(filename)
            supported = SpecifierSet(needs)
        except (InvalidSdistFilename, InvalidSpecifier):
            continue
        if called == canonicalize_name(name):
            yield version, url, sha256, supported


def _links(
    address: str, session: requests.Session, index: IndexOptions
) -> Iterator[tuple[str, str, str, str]]:
    """(filename, address, sha256, ``requires-python``) of each file that a page lists."""
    if "://" not in address or address.startswith("file:"):
        path = Path(url2pathname(urlsplit(address).path) if "://" in address else address.strip())
        if (path / "index.html").is_file():
            yield from _of_html((path / "index.html").read_text("utf-8"), path.as_uri() + "/")
        elif path.is_dir():
            yield from ((file.name, file.as_uri(), "", "") for file in path.iterdir())
        return
    try:
        answer = _get_page(address, session, index)
        answer.raise_for_status()
    except requests.RequestException:
        return  # uv asked the same page before, and its error is the one that is shown
    if "json" in answer.headers.get("Content-Type", ""):
        for file in json.loads(answer.content).get("files", ()):
            if not file.get("yanked"):
                url = urljoin(answer.url, file["url"])
                needs = file.get("requires-python") or ""
                yield file["filename"], url, file.get("hashes", {}).get("sha256", ""), needs
    else:
        yield from _of_html(answer.text, answer.url)


def _get_page(address: str, session: requests.Session, index: IndexOptions) -> requests.Response:
    """The answer of an index for a page, with the user's credentials for its host."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    plain = urlunsplit((parts.scheme, host, *parts[2:]))
    auth = index.credentials().get(host)
    return session.get(plain, headers={"Accept": ACCEPT}, timeout=SECONDS, auth=auth)


def _of_html(text: str, base: str) -> Iterator[tuple[str, str, str, str]]:
    parser = _Anchors()
    parser.feed(text)
    for attributes in parser.links:
        if "data-yanked" in attributes or not attributes.get("href"):
            continue
        url, _, fragment = urljoin(base, attributes["href"] or "").partition("#")
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
        needs = attributes.get("data-requires-python") or ""
        yield unquote(urlsplit(url).path.rpartition("/")[2]), url, sha256, needs


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs))
