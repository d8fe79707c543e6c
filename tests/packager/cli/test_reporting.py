"""``--issues`` of verbs: what is sent, what is said, and that the verb goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from metrics_servers import answering, exposition
from running_trackers import RunningTracker, finding, reported, running_tracker
from scripted_server import listening
from serving_helpers import free_port

from packager.cli.reporting import TOKEN_FILE_VARIABLE, data_name, read_token, send_findings
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.tracker import spool
from packager.tracker.core.finding import Report, ScanReport

AWAY = "http://127.0.0.1:9"


class Told(NullProgress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.warnings: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def waiting(monkeypatch, tmp_path: Path) -> Path:
    """The folder of reports that wait, and a file with a token that no service knows."""
    monkeypatch.setattr(spool, "spool_folder", lambda: tmp_path / "spool")
    (tmp_path / "token").write_text("no-such-token\n")
    monkeypatch.setenv(TOKEN_FILE_VARIABLE, str(tmp_path / "token"))
    return tmp_path / "spool"


@contextmanager
def service(monkeypatch, folder: Path, port: int = 0) -> Iterator[RunningTracker]:
    with running_tracker(folder, port=port) as tracker:
        monkeypatch.setenv(TOKEN_FILE_VARIABLE, str(tracker.token_file))
        yield tracker


def test_what_changed_is_said_and_equal_findings_change_nothing(waiting, monkeypatch, tmp_path):
    told = Told()
    with service(monkeypatch, tmp_path / "state") as tracker:
        report = reported(*(finding(f"feature=f{n}") for n in range(7)))
        send_findings(tracker.url, report, told)
        send_findings(tracker.url, report, told)
    assert told.steps == [
        "issues: #1 new, #2 new, #3 new, #4 new, #5 new and 2 more",
        "issues: nothing new",
    ]
    assert told.warnings == []
    assert not waiting.exists()


def test_a_mistyped_name_of_replaced_data_is_said(waiting, monkeypatch, tmp_path):
    told = Told()
    scan = ScanReport(
        package="stones", source="data check", scope="new.csv", complete=True, at=1.0,
        replaces="odl.csv",
    )  # fmt: skip
    with service(monkeypatch, tmp_path / "state") as tracker:
        send_findings(tracker.url, Report(scan=scan), told)
    assert told.warnings == [
        "--replaces odl.csv: no data check of data of this name was reported, so it closed nothing;"
        " `package issues list --search NAME` finds issues by name"
    ]
    assert told.steps == ["issues: nothing new"]


def test_findings_that_waited_and_are_refused_are_said(waiting, monkeypatch, tmp_path):
    told = Told()
    waiting.mkdir()
    (waiting / "00.json").write_text("{}")
    with service(monkeypatch, tmp_path / "state") as tracker:
        send_findings(tracker.url, reported(finding()), told)
    [warning] = told.warnings
    assert warning.startswith(f"findings that waited were refused, and are in {waiting}/00.refused")
    assert told.steps == ["issues: #1 new"]


def test_without_an_address_or_a_report_nothing_happens(waiting):
    told = Told()
    send_findings(None, reported(finding()), told)
    send_findings(AWAY, None, told)
    assert (told.steps, told.warnings, waiting.exists()) == ([], [], False)


def test_findings_for_a_service_that_is_away_come_with_the_next_report(
    waiting, monkeypatch, tmp_path
):
    told, port = Told(), free_port()
    url = f"http://127.0.0.1:{port}"
    send_findings(url, reported(finding("feature=first")), told)
    [warning] = told.warnings
    assert warning.startswith(f"{url}: the issue tracker does not answer")
    assert warning.endswith(f"; the findings wait in {waiting} for the next report")
    with service(monkeypatch, tmp_path / "state", port) as tracker, tracker.client() as client:
        send_findings(url, reported(finding("feature=second")), told)
        assert [client.issue(n)["subject"] for n in (1, 2)] == ["feature=first", "feature=second"]
    assert list(waiting.iterdir()) == []


def test_a_token_that_is_refused_is_a_warning_and_never_shown(waiting, tmp_path):
    told = Told()
    with running_tracker(tmp_path / "state") as tracker:
        send_findings(tracker.url, reported(finding()), told)
    [warning] = told.warnings
    assert "expected a token or a login; the findings wait in" in warning
    assert "no-such-token" not in warning
    assert len(list(waiting.iterdir())) == 1


@pytest.mark.parametrize(
    "content", [None, b"", b"\n", b"two words", b"a\nb", b"\xff", "é".encode()]
)
def test_a_wrong_token_file_is_a_warning_that_says_how_to_mend_it(waiting, tmp_path, content):
    path, told = tmp_path / "token", Told()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    send_findings(AWAY, reported(finding()), told)
    [warning] = told.warnings
    assert warning.startswith(f"{path}: expected ")
    assert "; the findings wait in" in warning
    assert f"set {TOKEN_FILE_VARIABLE} to a file with a token" in warning
    assert len(list(waiting.iterdir())) == 1


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", '{"findings": 7}', '{"findings": [{}]}']
)
def test_another_server_at_the_address_is_a_warning(waiting, answer):
    def answered(client: socket.socket, received: bytes) -> bool:
        if received.startswith(b"POST "):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n"
            client.sendall(f"{head}{answer}".encode())
        return True

    told = Told()
    with listening(answered) as (host, port):
        send_findings(f"http://{host}:{port}", reported(finding()), told)
    [warning] = told.warnings
    assert "the answer of an issue tracker" in warning or "expected a JSON object" in warning
    assert told.steps == []


def test_an_address_that_is_none_is_a_warning(waiting):
    told = Told()
    send_findings("localhost:3080", reported(finding()), told)
    assert "expected an address" in told.warnings[0]


def test_a_folder_where_nothing_can_wait_is_a_warning(waiting, tmp_path):
    told = Told()
    waiting.write_text("a file")
    send_findings(AWAY, reported(finding()), told)
    assert told.warnings == [f"the findings were not sent: {waiting}: File exists"]


def test_the_administrator_s_token_goes_to_this_machine_only(waiting, monkeypatch):
    monkeypatch.delenv(TOKEN_FILE_VARIABLE)
    with pytest.raises(PackageError, match="expected a file with a token of this issue tracker"):
        read_token("http://issues.example.test")
    with pytest.raises(PackageError, match="expected a file with a token of this issue tracker"):
        read_token("http://127.0.0.1@issues.example.test")


def test_the_token_of_the_option_is_read_before_that_of_the_variable(waiting, tmp_path):
    assert read_token(AWAY) == "no-such-token"
    (tmp_path / "other").write_text(" token-2 \n")
    assert read_token(AWAY, tmp_path / "other") == "token-2"
    with pytest.raises(PackageError, match="expected a file with a token"):
        read_token(AWAY, tmp_path)


@pytest.mark.slow
def test_drift_reports_and_its_answer_stays_the_same(run, waiting, monkeypatch, tmp_path):
    moved = exposition({"low": 100, "middle": 300, "high": 1600})
    with answering(moved) as [url], service(monkeypatch, tmp_path / "state") as tracker:
        plain = run("drift", url)
        code, out, err = run("drift", url, "--issues", tracker.url)
        assert (code, out) == plain[:2]
        assert "issues: #1 new" in err
        assert "#1 new" not in run("drift", url, "--issues", tracker.url)[2]
        with tracker.client() as client:
            kinds = {one["kind"] for one in client.issues({}, 10)}
        assert "FeatureDrift" in kinds
        away = run("drift", url, "--issues", AWAY)
        assert away[:2] == plain[:2]
        assert "the findings wait in" in away[2]


@pytest.mark.slow
def test_a_data_check_reports_what_it_finds_and_closes_what_is_gone(
    run, waiting, monkeypatch, tmp_path
):
    rows = tmp_path / "rows.csv"
    lines = [f"{n},{n % 7},,{'ab'[n % 2]}\n" for n in range(40)]
    rows.write_text(f"n,m,empty,label\n{''.join(lines * 2)}")
    with service(monkeypatch, tmp_path / "state") as tracker:
        monkeypatch.setenv("MODEL_ISSUES_URL", tracker.url)
        assert "issues: #1 new" in run("data", "check", rows)[2]
        with tracker.client() as client:
            assert client.issue(1)["source"] == "data check"
            rows.write_text(rows.read_text().replace(",,", ",x,"))
            run("data", "check", rows)
            assert client.issue(1)["state"] == "resolved"
        monkeypatch.delenv("MODEL_ISSUES_URL")
        assert "issues:" not in run("data", "check", rows)[2]


def test_a_corrected_file_under_a_new_name_closes_the_issues_of_the_old_one(
    run, waiting, monkeypatch, tmp_path
):
    old, new = tmp_path / "rows.csv", tmp_path / "rows-2.csv"
    lines = [f"{n},{n % 7},,{'ab'[n % 2]}\n" for n in range(40)]
    old.write_text(f"n,m,empty,label\n{''.join(lines * 2)}")
    new.write_text(old.read_text().replace(",,", ",x,"))
    page = "https://ci.test/runs/7"
    with service(monkeypatch, tmp_path / "state") as tracker:
        monkeypatch.setenv("MODEL_ISSUES_URL", tracker.url)
        run("data", "check", old, "--output", tmp_path / "out")
        with tracker.client() as client:
            assert client.issue(1)["action"].endswith("The report is in issues.html.")
            run("data", "check", new)
            assert client.issue(1)["state"] == "open"
            run("data", "check", new, "--replaces", old, "--report-url", page)
            assert client.issue(1)["state"] == "resolved"
            last = client.events(1)[0]
    assert last["link"] == page
    assert "rows-2.csv" in last["text"]
    assert "which replaces rows.csv" in last["text"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--report-url", "ftp://x"), "--report-url: expected an http or https address of at most"),
        (("--report-url", "http://x y"), "--report-url: expected an http or https address"),
        (("--report-url", "http://x"), "--report-url: expected --issues with it, got none"),
        (("--replaces", "a.csv"), "--replaces: expected --issues with it, got none"),
    ],
)
def test_options_of_reports_are_checked_before_anything_is_done(run, tmp_path, words, said):
    code, out, err = run("data", "check", tmp_path / "gone.csv", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_data_are_named_without_folder_and_version():
    given = ("data/old.csv", "sales@5", "sales@3..5", "sales@3..", "s3://b/sales", None)
    assert [data_name(one) for one in given] == [
        "old.csv", "sales", "sales", "sales", "sales", "",
    ]  # fmt: skip
