import multiprocessing
from pathlib import Path

import pytest
from deployed_models import contents, deployed, written

from packager.deploy import generated_folder
from packager.errors import PackageError, UsageError
from packager.rollout import journal
from packager.rollout.journal import UpdateJournal

pytestmark = pytest.mark.slow

UPDATE = UpdateJournal("shop", "1", "2", "shop:2", "starting", {"canary": 0.1})


def test_what_was_begun_is_read_again(tmp_path):
    out = written(tmp_path)
    assert journal.read_journal(out) is None
    journal.begin(out, UPDATE)
    assert journal.read_journal(out) == UPDATE
    journal.advance(out, UPDATE, "moving")
    found = journal.read_journal(out)
    assert found is not None
    assert found.phase == "moving"
    journal.end(out)
    assert journal.read_journal(out) is None
    assert not (out / journal.FOLDER).exists()


def test_the_files_of_before_come_back_to_the_byte(tmp_path):
    out = written(tmp_path)
    compose = out / "compose.yml"
    before = contents(out)
    journal.begin(out, UPDATE)
    notes = dict(generated_folder.read_generated(out).notes)
    generated_folder.write(out, {"compose.yml": "other\n", "new/file.yml": "new\n"}, notes)
    assert compose.read_text() == "other\n"
    journal.restore(out)
    journal.restore(out)
    journal.end(out)
    assert {k: v for k, v in contents(out).items() if k != "new"} == before


def test_files_that_the_user_changed_come_back_as_they_were(tmp_path):
    out = written(tmp_path)
    (out / "compose.yml").write_text("mine\n")
    journal.begin(out, UPDATE)
    (out / "compose.yml").write_text("other\n")
    journal.restore(out)
    assert (out / "compose.yml").read_text() == "mine\n"


def test_a_damaged_journal_is_told(tmp_path):
    out = written(tmp_path)
    journal.begin(out, UPDATE)
    (out / journal.FOLDER / journal.JOURNAL).write_text("{}")
    with pytest.raises(PackageError, match="expected the record of an update") as error:
        journal.read_journal(out)
    assert "before by hand" in (error.value.hint or "")


def _held(folder: Path, queue: "multiprocessing.Queue[str]") -> None:
    try:
        with journal.held(folder):
            queue.put("held")
    except UsageError as error:
        queue.put(error.message)


def test_one_process_updates_a_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[str] = context.Queue()
    with journal.held(tmp_path):
        other = context.Process(target=_held, args=(tmp_path, queue))
        other.start()
        assert "another `package deploy update` is running here" in queue.get(timeout=60)
        other.join()
    assert not (tmp_path / journal.LOCK).exists()
    with journal.held(tmp_path):
        pass


def test_a_deployment_refuses_changes_while_an_update_is_under_way(tmp_path):
    from dataclasses import replace

    from packager.deploy.compose.deploy import compose_files, write_fleet
    from packager.deploy.fleet import UpdateCandidate
    from packager.deploy.folder_target import COMPOSE, target_fleet

    out = written(tmp_path)
    fleet = target_fleet(out, COMPOSE)
    [one] = fleet.sorted()
    both = replace(one, candidate=UpdateCandidate("2", "shop:2", 512))
    updating = replace(fleet, members={one.name: both})
    write_fleet(out, compose_files(updating), updating, updating.members)
    with pytest.raises(UsageError, match="expected a folder without an update under way"):
        deployed(out)
