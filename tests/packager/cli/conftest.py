from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_trackers import RunningTracker, finding, reported, running_tracker

import packager.cli.commands  # noqa: F401  # before a test imports one: the order in --help
from packager import cli
from packager.cache import cache_directory
from packager.progress import Progress
from packager.tracker.core.finding import Report


@pytest.fixture(scope="session")
def unpacked() -> Path:
    """The folder of unpacked environments in the cache of this run."""
    return cache_directory("environments")


@pytest.fixture(autouse=True)
def _no_engine(unpacked: Path, monkeypatch, cache: Path, tmp_path: Path) -> Iterator[None]:
    """No engine answers; what is cached, and how signals are taken, goes with the test.

    Except unpacked environments, whose names are their contents: each takes ten seconds.
    """
    cache.mkdir(mode=0o700)
    (cache / "environments").symlink_to(unpacked)
    before = {stop: signal.getsignal(stop) for stop in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    yield
    for stop, handler in before.items():
        signal.signal(stop, handler)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["package", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, Report]]:
    """The address and the reports that ``test``, ``feedback``, ``replay`` and ``build`` send."""
    reports: list[tuple[str, Report]] = []

    def send(url: str, report: Report, _: Progress) -> None:
        reports.append((url, report))

    for name in ("test", "feedback", "run", "build_findings"):
        monkeypatch.setattr(f"packager.cli.{name}.send_findings", send)
    return reports


@pytest.fixture(scope="module")
def tracker(tmp_path_factory) -> Iterator[RunningTracker]:
    """The issue tracker that commands speak to, with nine issues of one kind and one of another."""
    with (
        running_tracker(tmp_path_factory.mktemp("issues")) as found,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("MODEL_ISSUES_URL", found.url)
        patched.setenv("MODEL_ISSUES_TOKEN_FILE", str(found.token_file))
        with found.client() as client:
            client.send(reported(*(finding(f"feature=f{n}") for n in range(1, 10))))
            client.send(reported(finding("package", package="other", kind="Odd", share=0.001)))
        yield found
