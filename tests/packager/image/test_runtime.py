from __future__ import annotations

from pathlib import Path

from packager.digest import hash_files
from packager.image.runtime import SHARED, commands, runtime_digest, runtime_files
from packager.image.stack import entries


def test_the_runtime_is_what_is_shared_and_nothing_of_the_host():
    files = runtime_files()
    assert {
        "packager/manifest/manifest.py",
        "packager/worker/train_job.py",
        "packager/data/request_rows.py",
    } <= set(files)
    assert {"serving/service.py", "monitoring/metrics/serving.py", "serving/__init__.py"} <= set(
        files
    )
    assert not {
        "packager/cli/app.py",
        "packager/build/pipeline.py",
        "packager/engine/engine.py",
    } & set(files)
    assert all(name.startswith(SHARED) and name.endswith(".py") for name in files)
    assert list(files) == sorted(files)


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
