"""Source distributions on indexes of every form."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from indexes import UNTOUCHED, folder_index
from packaging.specifiers import SpecifierSet

from packager.environment.index import index_options
from packager.environment.sdists import find_sdist

HTML = (
    '<a href="../../f/own_lib-1.0.tar.gz#sha256=aa">own_lib-1.0.tar.gz</a>'
    '<a href="../../f/own-lib-2.0.tar.gz" data-requires-python="&gt;=3.12">x</a>'
    '<a href="../../f/own-lib-3.0.tar.gz" data-yanked="">x</a>'
    '<a href="../../f/own-lib-1.5.zip">x</a><a href="other-9.tar.gz">x</a>'
)
FILES = [
    {"filename": "own_lib-1.0.tar.gz", "url": "/f/own_lib-1.0.tar.gz", "hashes": {"sha256": "aa"}},
    {"filename": "own_lib-4.0b1.tar.gz", "url": "/f/own_lib-4.0b1.tar.gz", "hashes": {}},
    {"filename": "own_lib-3.0.tar.gz", "url": "/f/x", "hashes": {}, "yanked": True},
    {"filename": "own_lib-9-py3-none-any.whl", "url": "/f/y", "hashes": {}},
]


@contextmanager
def index(kind: str, content: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """``host:port`` of an index that answers every page so, and the credentials given."""
    given: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", given
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("wanted", "version"), [("", "1.5"), ("<1.5", "1.0"), (">=2", None), ("==1.0", "1.0")]
)
def test_the_highest_version_that_fits_is_found(wanted: str, version: str | None):
    with index("text/html", HTML.encode()) as (host, given):
        options = index_options({"index-url": f"http://me:word@{host}/simple"}, UNTOUCHED)
        found = find_sdist("own-lib", SpecifierSet(wanted), "3.11", options)
    assert (str(found.version) if found else None) == version
    assert given
    assert given[0] is not None
    if found is not None:
        assert "word" not in found.url
        assert found.url.startswith(f"http://{host}/f/own")


def test_json_is_read_and_a_prerelease_taken_only_if_asked_for():
    kind = "application/vnd.pypi.simple.v1+json"
    with index(kind, json.dumps({"files": FILES}).encode()) as (host, _):
        options = index_options({"index-url": f"http://{host}/simple"}, UNTOUCHED)
        found = find_sdist("own-lib", SpecifierSet(""), "3.11", options)
        newer = find_sdist("own-lib", SpecifierSet(">=4.0b1"), "3.11", options)
    assert found is not None
    assert newer is not None
    assert (str(found.version), found.sha256, str(newer.version)) == ("1.0", "aa", "4.0b1")


def test_a_version_with_compiled_wheels_for_others_is_not_built(tmp_path: Path):
    for name in ("x-1.0.tar.gz", "x-2.0.tar.gz", "x-2.0-cp38-cp38-manylinux1_x86_64.whl",
                 "x-1.0-py2-none-any.whl"):  # fmt: skip
        (tmp_path / name).touch()
    found = find_sdist("x", SpecifierSet(""), "3.11", folder_index(tmp_path))
    assert found is not None
    assert str(found.version) == "1.0"
    assert find_sdist("x", SpecifierSet("==2.0"), "3.11", folder_index(tmp_path)) is None


def test_a_folder_is_searched_and_nothing_else_without_an_index(tmp_path: Path):
    (tmp_path / "own_lib-1.0.tar.gz").touch()
    found = find_sdist("own-lib", SpecifierSet(""), "3.11", folder_index(tmp_path))
    assert found is not None
    assert found.url == (tmp_path / "own_lib-1.0.tar.gz").as_uri()
    assert find_sdist("other", SpecifierSet(""), "3.11", folder_index(tmp_path)) is None
