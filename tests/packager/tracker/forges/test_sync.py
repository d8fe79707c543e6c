from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge
from running_trackers import RunningTracker, finding, reported, running_tracker

from packager.errors import PackageError
from packager.progress import NullProgress
from packager.tracker.forges.folder import Folder
from packager.tracker.forges.forge import Forge
from packager.tracker.forges.github import GitHub
from packager.tracker.forges.gitlab import GitLab
from packager.tracker.forges.sync import SyncResult, synchronise

pytestmark = pytest.mark.slow


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[RunningTracker]:
    with running_tracker(tmp_path / "state") as found:
        yield found


@pytest.fixture(params=["github", "gitlab"])
def forge(request) -> Iterator[tuple[Forge, ForgeState]]:
    with fake_forge(request.param) as (url, state):
        made = GitHub if request.param == "github" else GitLab
        yield made(url, "team/models", TOKEN), state


def run(tracker: RunningTracker, forge: Forge, band: int = 2) -> SyncResult:
    with tracker.client() as client:
        return synchronise(client, forge, band, NullProgress())


def report(tracker: RunningTracker, *findings) -> None:
    with tracker.client() as client:
        client.send(reported(*findings))


def test_urgent_issues_are_created_once_with_every_page_read(tracker, forge):
    made, state = forge
    report(tracker, *(finding(f"feature=f{n}") for n in range(7)))
    report(tracker, finding("feature=small", share=0.01))
    assert run(tracker, made).created == 7
    assert len(state.issues) == 7
    first = state.issues[1]
    assert first["title"].startswith("diamonds: FeatureDrift: feature=f")
    assert "(ticket)" in first["body"]
    assert "= 30: P1." in first["body"]
    assert {"model-packager", "P1", "FeatureDrift"} <= set(first["labels"])
    state.requests.clear()
    assert run(tracker, made) == SyncResult()
    assert state.writes == []


def test_a_state_goes_where_it_did_not_change(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"), finding("feature=b"))
    run(tracker, made)
    state.issues[1] |= {"open": False, "closed_by": "anna"}
    with tracker.client() as client:
        client.act(2, {"action": "resolve", "reason": "units mended"})
    done = run(tracker, made)
    assert (done.closed, len(done.taken)) == (1, 1)
    assert "by anna" in done.taken[0]
    with tracker.client() as client:
        assert client.issue(1)["state"] == "resolved"
        assert client.events(1)[0]["text"] == f"closed by anna in {made.name}#1"
    assert [one["open"] for one in state.issues.values()] == [False, False]
    assert run(tracker, made) == SyncResult()
    report(tracker, finding("feature=b", starts_at=2_000.0))
    assert run(tracker, made).reopened == 1
    assert state.issues[2]["open"]
    state.issues[1]["open"] = True
    assert "reopened" in run(tracker, made).taken[0]
    assert run(tracker, made) == SyncResult()


def test_both_sides_closing_it_is_no_conflict(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"))
    run(tracker, made)
    state.issues[1]["open"] = False
    with tracker.client() as client:
        client.act(1, {"action": "resolve"})
    assert run(tracker, made) == SyncResult()


def test_comments_go_both_ways_and_never_twice(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"))
    run(tracker, made)
    for n in range(4):
        state.comment(1, "ben", f"seen upstream {n}")
    with tracker.client() as client:
        client.act(1, {"action": "comment", "text": "asked the *vendor* @all"})
    assert run(tracker, made).comments == 5
    texts = [one["text"] for one in state.issues[1]["comments"]]
    assert texts[-1].startswith("**admin**: asked the \\*vendor\\* @\u200ball")
    with tracker.client() as client:
        told = [one["text"] for one in client.events(1) if one["what"] == "comment"]
    assert told[0] == f"[{made.name}] ben: seen upstream 3"
    assert len(told) == 5
    assert run(tracker, made) == SyncResult()


def test_an_assignment_in_the_forge_is_taken(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"))
    run(tracker, made)
    state.issues[1]["owner"] = "ben"
    run(tracker, made)
    with tracker.client() as client:
        assert client.issue(1)["owner"] == "ben"
        client.act(1, {"action": "assign", "owner": "anna"})
    assert run(tracker, made).taken == []
    with tracker.client() as client:
        assert client.issue(1)["owner"] == "anna"


def test_after_a_lost_database_nothing_is_created_twice(tracker, forge, tmp_path):
    made, state = forge
    report(tracker, finding("feature=a"), finding("feature=b"))
    run(tracker, made)
    with running_tracker(tmp_path / "other") as anew:
        report(anew, finding("feature=b"))
        assert run(anew, made).created == 0
    assert len(state.issues) == 2


def test_after_an_import_comments_go_on_and_none_twice(tracker, forge, tmp_path):
    made, state = forge
    report(tracker, finding("feature=a"), finding("feature=b"))
    with tracker.client() as client:
        for text in ("one", "two", "three"):
            client.act(2, {"action": "comment", "text": text})
    run(tracker, made)
    with tracker.client() as client:
        client.export_to(tmp_path / "all.jsonl")
    with running_tracker(tmp_path / "other") as anew:
        report(anew, finding("feature=c"))
        with anew.client() as client:
            client.import_from(tmp_path / "all.jsonl")
        assert run(anew, made).comments == 0
        with anew.client() as client:
            [number] = [one["id"] for one in client.issues({"q": "feature=b"}, 10)]
            client.act(number, {"action": "comment", "text": "four"})
        assert run(anew, made).comments == 1
    [_, _, _, last] = [one["text"] for one in state.issues[2]["comments"]]
    assert last.startswith("**admin**: four")


def test_a_new_comment_of_a_tracker_that_lost_its_database_is_told(tracker, forge, tmp_path):
    made, state = forge
    report(tracker, finding("feature=a"))
    with tracker.client() as client:
        client.act(1, {"action": "comment", "text": "before"})
    run(tracker, made)
    with running_tracker(tmp_path / "other") as anew:
        report(anew, finding("feature=a"))
        with anew.client() as client:
            client.act(1, {"action": "comment", "text": "after"})
        assert run(anew, made).comments == 1
    assert len(state.issues[1]["comments"]) == 2


def test_a_comment_that_is_removed_in_the_forge_stays_removed(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"))
    with tracker.client() as client:
        client.act(1, {"action": "comment", "text": "a mistake"})
    run(tracker, made)
    state.issues[1]["comments"].clear()
    assert run(tracker, made) == SyncResult()
    assert state.issues[1]["comments"] == []


def test_a_run_that_breaks_in_the_middle_is_finished_by_the_next(tracker, forge):
    made, state = forge
    report(tracker, *(finding(f"feature=f{n}") for n in range(5)))
    for after in range(2, 30, 3):
        state.broken_after = len(state.requests) + after
        with suppress(PackageError):
            run(tracker, made)
    assert len(state.issues) == 5
    state.broken_after = None
    assert run(tracker, made) == SyncResult()


def test_a_deleted_issue_is_not_created_again(tracker, forge):
    made, state = forge
    report(tracker, finding("feature=a"))
    run(tracker, made)
    state.issues.clear()
    assert run(tracker, made) == SyncResult()
    assert state.issues == {}


def test_hostile_texts_are_no_markup_in_a_forge(tracker, forge):
    made, state = forge
    title = "<script>alert(1)</script> @team #7 [x](javascript:1) `code`\r\n# heading"
    report(tracker, finding("feature=a", title=title))
    run(tracker, made)
    assert "<script>" not in state.issues[1]["body"]
    assert "\n" not in state.issues[1]["title"]
    assert run(tracker, made) == SyncResult()


def test_a_folder_is_a_forge(tracker, tmp_path):
    report(tracker, finding("feature=a"))
    folder = Folder(tmp_path / "issues")
    assert run(tracker, folder).created == 1
    assert run(tracker, folder) == SyncResult()
    folder.close("1")
    assert len(run(tracker, Folder(tmp_path / "issues")).taken) == 1
    with tracker.client() as client:
        assert client.issue(1)["state"] == "resolved"
