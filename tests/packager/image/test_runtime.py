from __future__ import annotations

from pathlib import Path

import pytest

from packager.digest import hash_files
from packager.image.runtime import (
    SERVING_STYLES,
    commands,
    runtime_digest,
    serving_runtime,
    training_runtime,
)
from packager.image.stack import entries

CHECKOUT = Path(__file__).parents[3]


def test_what_serves_and_what_trains_are_apart_and_hold_nothing_of_the_host():
    serving, training = serving_runtime(), training_runtime()
    assert {
        "packager/manifest/manifest.py",
        "packager/data/rows/request_rows.py",
        "host/modelhost/sandbox/landlock.py",
        "packager/exit_reason.py",
        "packager/model/hosted.py",
        "serving/predict_file.py",
        "monitoring/metrics/serving.py",
        "serving/__init__.py",
    } <= set(serving)
    assert {
        "packager/worker/train_job.py",
        "packager/data/frames.py",
        "packager/data/checks/run.py",
        "monitoring/stats/drift.py",
        "packager/worker/processes/run_to_end.py",
    } <= set(training)
    assert not set(serving) & set(training)
    assert set(SERVING_STYLES) <= set(serving)
    rooms = ("host/modelhost/", "packager/", "serving/", "monitoring/")
    for files in (serving, training):
        assert all(name.startswith(rooms) for name in files)
        assert all(name.endswith(".py") or name in SERVING_STYLES for name in files)
        assert list(files) == sorted(files)
        assert not {
            "packager/cli/app.py",
            "packager/build/pipeline.py",
            "packager/engine/engine.py",
            "packager/deploy/grafana/panels.py",
        } & set(files)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ("packager/deploy/grafana/panels.py", {"serving", "training"}),
        ("packager/report/replay_page.py", {"serving", "training"}),
        ("packager/worker/replay/report_text.py", {"serving"}),
        ("packager/worker/train_job.py", {"serving"}),
        ("packager/data/checks/outliers.py", {"serving"}),
        ("serving/app.py", {"training"}),
    ],
)
def test_a_change_changes_the_digest_of_the_layer_it_is_in_alone(
    changed: str, same: set[str], tmp_path: Path
):
    runtimes = {"serving": serving_runtime(), "training": training_runtime()}
    copy = tmp_path / "copy.py"
    copy.write_bytes((CHECKOUT / changed).read_bytes() + b"# a comment\n")
    found = set()
    for name, files in runtimes.items():
        changed_files = {n: copy if n == changed else path for n, path in files.items()}
        if runtime_digest(files) == runtime_digest(changed_files):
            found.add(name)
    assert found == same


def test_the_digest_is_one_of_names_and_content(tmp_path: Path):
    (tmp_path / "a.py").write_text("x = 1\n")
    before = runtime_digest({"a.py": tmp_path / "a.py"})
    assert before != runtime_digest({"b.py": tmp_path / "a.py"})
    (tmp_path / "a.py").write_text("x = 2\n")
    assert before != runtime_digest({"a.py": tmp_path / "a.py"})


def test_files_become_entries_below_a_folder_with_links_followed(tmp_path: Path):
    (tmp_path / "run.sh").write_text("#!")
    (tmp_path / "run.sh").chmod(0o700)
    (tmp_path / "link").symlink_to("run.sh")
    top, *found = entries(hash_files({"a/run.sh": tmp_path / "link"}), "code")
    assert (top.name, top.source) == ("code", None)
    assert [(entry.name, entry.link, entry.mode) for entry in found] == [
        ("code/a/run.sh", None, 0o755)
    ]


def test_the_programs_count_for_the_runtime(tmp_path: Path):
    before = runtime_digest({}, commands("/usr/bin/python3"))
    assert before != runtime_digest({}, commands("/opt/venv/bin/python"))
    assert commands("/opt/python")["serve"].startswith(b"#!/opt/python\n")
