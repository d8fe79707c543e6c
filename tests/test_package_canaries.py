"""Credentials from every source of a build are in no byte of its images and its output."""

from __future__ import annotations

import base64
import gzip
import os
import pickle
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from command import NO_ENGINE, package
from host_samples import make_wheel
from sklearn.dummy import DummyClassifier
from source_samples import sdist

from packager.digest import sha256_file

SECRET = "c4n4ryS3cr3t"


def forms(text: str) -> list[bytes]:
    """``text`` as bytes, and what each base64 of more text around it has in common."""
    found = [text.encode()]
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + text.encode()).rstrip(b"=")
        found.append(coded[4 if before else 0 : -2])
    return found


FORMS = forms(SECRET)


def leaks(name: str, content: bytes) -> list[str]:
    """Where ``content``, unpacked if it is packed, has the secret in any form."""
    texts = [content, gzip.decompress(content)] if content[:2] == b"\x1f\x8b" else [content]
    return [f"{name}: {form!r}" for text in texts for form in FORMS if form in text]


@contextmanager
def index(wheel: Path) -> Iterator[tuple[str, list[str]]]:
    """``host:port`` of an index for whoever gives a password, and the passwords given."""
    given: list[str] = []
    name = wheel.name.split("-")[0]
    link = f'<a href="/files/{wheel.name}#sha256={sha256_file(wheel)}">{wheel.name}</a>'.encode()
    source = sdist(wheel.parent, "canarysource")
    pages = {
        f"/simple/{name}/": link,
        "/links/": b"",
        **{f"/files/{file.name}": file.read_bytes() for file in (wheel, source)},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Authorization", "").removeprefix("Basic ")
            given.append(base64.b64decode(asked).decode())
            path = urlsplit(self.path).path  # it is its own proxy, which is sent whole addresses
            content = pages.get(path, b"")
            self.send_response((200 if path in pages else 404) if asked else 401)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content) if asked else 0))
            self.end_headers()
            if asked and self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", given
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def plant(project: Path, host: str) -> dict[str, str]:
    """Put credentials into every place of ``project``; the environment of a build with more."""
    coded = base64.b64encode(f"me:{SECRET}-docker".encode()).decode()
    (project / "requirements.txt").open("a").write(
        f"\n--extra-index-url http://me:{SECRET}-requirements@{host}/simple\ncanarytool\n"
        f"canarysource @ http://me:{SECRET}-source@{host}/files/canarysource-1.0.tar.gz\n"
    )
    files = {
        "uv.toml": f'[[index]]\nname = "own"\nurl = "http://me:{SECRET}-uv@{host}/simple"\n',
        "pip.conf": f"[global]\nindex-url = https://me:{SECRET}-pip@host/simple\n",
        ".env": f"TOKEN={SECRET}-env\n",
        "prod.env": f"TOKEN={SECRET}-prod\n",
        ".netrc": f"machine host login me password {SECRET}-netrc\n",
        ".dockercfg": f'{{"host": {{"auth": "{coded}"}}}}',
        "config/docker.json": f'{{"auths": {{"host": {{"auth": "{coded}"}}}}}}',
        "notes.txt": f"clone https://me:{SECRET}-notes@host/repo.git\n",
    }
    for name, text in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    git: list[str] = ["git", "-C", str(project)]
    for command in (["init", "-q"], ["remote", "add", "o", f"https://me:{SECRET}-git@host/r.git"]):
        subprocess.run([*git, *command], check=True)
    netrc = project.parent / "netrc"
    netrc.write_text(f"machine host login me password {SECRET}-netrc\n")
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} http://me:{SECRET}-links@{host}/links/"
    return {
        **NO_ENGINE,
        "PIP_FIND_LINKS": links.strip(),
        "UV_INDEX_OWN_USERNAME": "me",
        "UV_INDEX_OWN_PASSWORD": f"{SECRET}-index",
        "HTTP_PROXY": f"http://me:{SECRET}-proxy@{host}",
        "NETRC": str(netrc),
        "AWS_SECRET_ACCESS_KEY": f"{SECRET}-aws",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a given model: nothing is trained."""
    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps(DummyClassifier().fit([[0.0], [1.0]], ["a", "b"])))
    folder = tmp_path / "project"
    assert package("init", folder, "--from-model", model).code == 0
    return folder


def test_the_look_finds_a_secret_in_any_form() -> None:
    for before in ("", "m", "me", "me:"):
        coded = base64.b64encode(f"{before}{SECRET}-x".encode())
        assert leaks("base64", b"\n".join([b"x", coded]))
    assert leaks("plain", f"//me:{SECRET}@".encode())
    assert leaks("gzip", gzip.compress(SECRET.encode()))
    assert leaks("none", b"anything else") == []


@pytest.mark.slow
def test_a_credential_in_a_file_that_the_package_needs_stops_the_build(
    project: Path, tmp_path: Path
) -> None:
    with (project / "package.toml").open("a") as file:
        file.write(f"\n# from https://me:{SECRET}@host/models\n")
    done = package("build", project, "--output", f"oci:{tmp_path / 'image'}", env=NO_ENGINE)
    assert done.code == 2
    assert "holds a URL with a password" in done.err
    assert leaks("said", (done.out + done.err).encode()) == []


@pytest.mark.slow
def test_no_credential_is_in_any_byte_of_a_package_or_of_what_is_said(
    project: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "wheels", "canarytool", {"canarytool.py": ""})
    with index(wheel) as (host, given):
        env = plant(project, host)
        image = tmp_path / "image"
        done = package("build", project, "--output", f"oci:{image}", "--json", env=env)
    assert done.code == 0, done.err
    for used in ("requirements", "links", "source"):
        assert f"me:{SECRET}-{used}" in given
    read = package("inspect", image, "--json", env=env)
    made: Mapping[str, bytes] = {
        "stdout": done.out.encode(),
        "stderr": done.err.encode(),
        "inspect": (read.out + read.err).encode(),
        "lock": (project / "package.lock").read_bytes(),
        "built": next((project / "package.wheels").iterdir()).read_bytes(),
        "record": (project / "package.build.json").read_bytes(),
        **{str(p.relative_to(image)): p.read_bytes() for p in image.rglob("*") if p.is_file()},
    }
    assert len(made) > 12
    assert [place for name, content in made.items() for place in leaks(name, content)] == []
