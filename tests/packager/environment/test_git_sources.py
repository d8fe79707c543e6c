"""A commit of a repository: from this machine, from a server, without running anything of it."""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from source_samples import commit, python_project

from packager.environment import git_sources
from packager.environment.git_sources import fetch_commit
from packager.environment.sources import SourceRequirement, parse_source
from packager.errors import PackageError

SECRET = "t0ps3cr3t-2718"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return python_project(tmp_path / "repository", "x")


def source(text: str) -> SourceRequirement:
    found = parse_source(text)
    assert found is not None
    return found


def fetched(text: str, tmp_path: Path) -> tuple[git_sources.Commit, Path]:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return fetch_commit(source(text), "x", folder), folder


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """``host:port`` of a server of files for whoever gives a password; and what was given."""
    given: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Authorization", "").removeprefix("Basic ")
            if not asked:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            given.append(base64.b64decode(asked).decode())
            super().do_GET()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=partial(made.serve_forever, 0.01), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{made.server_port}", given
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


@pytest.mark.parametrize("ref", ["", "@main", "@v1.0", "@{commit}", "@{short}"])
def test_a_commit_is_named_in_every_way(repository: Path, tmp_path, ref: str):
    first = commit(repository, "v1.0")
    ref = ref.format(commit=first, short=first[:9])
    found, folder = fetched(f"git+{repository.as_uri()}{ref}", tmp_path)
    assert (found.id, found.tag) == (first, "1.0")
    assert (folder / "x.py").read_text() == "VERSION = '1.0'\n"


def test_commits_after_a_tag_are_counted(repository: Path, tmp_path):
    commit(repository, "v1.2")
    commit(repository)
    assert fetched(f"git+{repository.as_uri()}", tmp_path)[0].tag == "1.3.dev1"


@pytest.mark.slow
def test_credentials_of_an_address_are_given_and_not_told(repository: Path, tmp_path):
    first = commit(repository, "v1.0")
    git = ["git", "-C", str(repository)]
    subprocess.run([*git, "update-server-info"], check=True)
    with server(repository) as (host, given):
        asked = source(f"x @ git+http://me:{SECRET}@{host}/.git@v1.0")
        folder = tmp_path / "fetched"
        folder.mkdir()
        assert fetch_commit(asked, asked.recorded(tmp_path), folder).id == first
        assert set(given) == {f"me:{SECRET}"}
        assert SECRET not in asked.recorded(tmp_path)
        lost = source(f"x @ git+http://me:{SECRET}@{host}/.git@v9")
        with pytest.raises(PackageError) as caught:
            fetch_commit(lost, lost.recorded(tmp_path), folder)
        assert "no branch, tag or commit v9" in caught.value.message
        bare = source(f"x @ git+http://{host}/.git")
        with pytest.raises(PackageError) as denied:
            fetch_commit(bare, "x", folder)
        assert "git needs credentials for it" in denied.value.hint
    with pytest.raises(PackageError) as gone:
        fetch_commit(asked, "x", folder)
    for told in (caught, denied, gone):
        assert SECRET not in told.value.message + told.value.hint


def test_nothing_that_a_repository_configures_is_run(repository: Path, tmp_path):
    mark = tmp_path / "mark"
    program = tmp_path / "hook.sh"
    program.write_text(f"#!/bin/sh\necho ran > {mark}\ncat\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil ident\nx.py export-ignore\n")
    (repository / "sub.txt").write_text("$Id$\n")
    commit(repository)
    settings = ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "core.pager",
                "uploadpack.packObjectsHook", "core.sshCommand", "core.alternateRefsCommand",
                "remote.origin.uploadpack", "diff.external")  # fmt: skip
    for name in settings:
        subprocess.run(["git", "-C", str(repository), "config", name, str(program)], check=True)
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).hardlink_to(program)
    _, folder = fetched(f"git+{repository.as_uri()}", tmp_path)
    assert not mark.exists()
    assert (folder / "x.py").is_file()
    assert (folder / "sub.txt").read_text() == "$Id$\n"


def test_a_link_out_of_a_repository_is_refused(repository: Path, tmp_path):
    (repository / "out").symlink_to("/etc/passwd")
    commit(repository)
    with pytest.raises(PackageError, match="the link 'out', which leaves its folder"):
        fetched(f"git+{repository.as_uri()}", tmp_path)


def test_a_machine_without_git_is_told(repository: Path, tmp_path, monkeypatch):
    monkeypatch.setattr(git_sources, "find_program", lambda _: None)
    with pytest.raises(PackageError) as caught:
        fetched(f"git+{repository.as_uri()}", tmp_path)
    assert caught.value.message == "x: expected the program git on this machine, got none"
    assert "install git" in caught.value.hint


@pytest.mark.parametrize("ref", ["@none", "@0123456789abcdef0123456789abcdef01234567"])
def test_a_commit_that_is_not_there_is_named(repository: Path, tmp_path, ref: str):
    commit(repository)
    with pytest.raises(PackageError, match=f"no branch, tag or commit {ref[1:]}"):
        fetched(f"git+{repository.as_uri()}{ref}", tmp_path)


def test_a_folder_without_a_repository_is_named(tmp_path):
    with pytest.raises(PackageError, match="expected a git repository with a commit at "):
        fetched(f"git+{tmp_path.as_uri()}", tmp_path)


@pytest.mark.slow
def test_a_server_gives_a_commit_and_its_history_only_for_versions_from_tags(
    repository: Path, tmp_path
):
    first = commit(repository, "v1.0")
    (repository / "pyproject.toml").write_text('requires = ["setuptools_scm"]')
    commit(repository)
    (repository / ".git" / "git-daemon-export-ok").touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={tmp_path}"]
    with subprocess.Popen([*command, "--reuseaddr"], stderr=subprocess.DEVNULL) as daemon:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            address = f"git+git://127.0.0.1:{port}/repository"
            for ref, tag in (("", "1.1.dev1"), ("@main", "1.1.dev1"), (f"@{first}", "1.0")):
                folder = tmp_path / f"fetched{ref}"
                folder.mkdir()
                found = fetch_commit(source(f"{address}{ref}"), "x", folder)
                assert found.tag == tag
                assert (found.id == first) == (ref == f"@{first}")
                assert (folder / "x.py").is_file()
        finally:
            daemon.terminate()
