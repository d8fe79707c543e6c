"""``package build`` as a whole: its output, written files, refusals, and cleanup."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command import NO_ENGINE, PACKAGE, Package, forget_trainings, left_behind, package

from packager.engine.engine import Engine

ELSEWHERE = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "123", "LANG": "tr_TR.UTF-8"}


def as_another_user_later() -> list[str]:
    """What a command is to start with, to run as another user at another time, where it can."""
    user, clock = ["unshare", "--user"], ["faketime", "@2000000000"]
    return [
        part
        for start in (user, clock)
        if shutil.which(start[0])
        and subprocess.run([*start, "true"], capture_output=True, check=False).returncode == 0
        for part in start
    ]


def edited(project: Path, folder: Path, changes: dict[str, str]) -> Path:
    """A copy of ``project`` with text replaced in its files (``file:old`` → new)."""
    copy = folder / "edited"
    shutil.copytree(project, copy)
    (copy / "package.lock").unlink(missing_ok=True)
    for place, new in changes.items():
        name, _, old = place.partition(":")
        text = (copy / name).read_text() if (copy / name).exists() else ""
        assert old in text
        (copy / name).write_text(text.replace(old, new) if old else new)
    return copy


def test_the_json_result_names_tag_root_and_config(local_package: Package) -> None:
    built = local_package.built
    assert built["tag"] == f"starter:0.1.0-{built['root'][:12]}"
    assert built["config_digest"].startswith("sha256:")
    assert built["companion"]["tag"] == built["tag"] + "-replay"
    record = json.loads((local_package.project / "package.build.json").read_text())
    assert record["root"] == built["root"]
    assert record["config_digests"][0] == built["config_digest"]
    assert record["isolation"] == built["isolation"]
    assert built["isolation"]["where"] == "process"
    assert "seccomp" in built["isolation"]["measures"]
    assert json.loads((local_package.project / "package.lock").read_text())["bases"] == []


def test_the_oci_folder_names_both_entries(local_package: Package) -> None:
    index = json.loads((Path(local_package.reference) / "index.json").read_text())
    names = [m["annotations"]["org.opencontainers.image.ref.name"] for m in index["manifests"]]
    tag = local_package.built["tag"].partition(":")[2]
    assert names == [tag, f"{tag}-replay"]


@pytest.mark.long
def test_a_build_in_another_environment_gives_the_same_image(
    local_package: Package, tmp_path: Path
) -> None:
    """Another folder, file system, user, clock, umask, time zone, locale and hash seed."""
    copy = tmp_path / "Другая папка"
    shutil.copytree(local_package.project, copy)
    for path in copy.rglob("*"):
        os.utime(path, (0, 0))
    forget_trainings("process")
    memory = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
    done = subprocess.run(
        [
            *as_another_user_later(),
            PACKAGE,
            "build",
            copy,
            "--json",
            "--output",
            f"oci:{tmp_path / 'image'}",
        ],
        env={**os.environ, **NO_ENGINE, **ELSEWHERE, **memory},
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
    )
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["tag"] == local_package.built["tag"]
    assert again["config_digest"] == local_package.built["config_digest"]
    assert again["companion"] == local_package.built["companion"]


@pytest.mark.parametrize(
    ("changes", "code", "message", "hint"),
    [
        ({"package.toml:data/visits.csv": "data/no.csv"}, 2, "data/no.csv", "relative to"),
        ({'package.toml:"returned"': '"retuned"'}, 2, "'retuned'", "did you mean 'returned'?"),
        ({"package.toml:[serve]": "[serve]\nworker = 2"}, 2, "serve.worker", "did you mean"),
        ({"requirements.txt:pandas": "no-such-thing-9\npandas"}, 1, "no-such-thing-9", "index"),
        (
            {"train.py:    encode =": "    raise OSError('gone')\n    encode ="},
            1,
            "gone",
            "train.py",
        ),
        ({"modelhost.py:": "x = 1"}, 2, "module `modelhost`", "rename it"),
    ],
)
def test_a_mistake_is_one_message_with_a_hint_and_leaves_nothing(
    local_package: Package,
    tmp_path: Path,
    changes: dict[str, str],
    code: int,
    message: str,
    hint: str,
) -> None:
    project = edited(local_package.project, tmp_path, changes)
    before = sorted(project.rglob("*"))
    done = package("build", project, "--output", f"oci:{tmp_path / 'image'}", env=NO_ENGINE)
    assert done.code == code
    assert done.out == ""
    told, _, hinted = done.err.rpartition("\nerror: ")[2].partition("hint: ")
    assert message in told
    assert hint in hinted
    assert "Traceback" not in told
    assert sorted(project.rglob("*")) == before
    assert not (tmp_path / "image").exists()
    assert left_behind(done) == []


@pytest.mark.slow
def test_without_an_engine_and_without_output_the_hint_names_output(tmp_path: Path) -> None:
    assert package("init", tmp_path / "p").code == 0
    done = package("build", tmp_path / "p", env=NO_ENGINE)
    assert done.code == 1
    assert "no Docker engine responds to put the image into" in done.err
    assert "--output oci:DIR" in done.err


def test_something_else_at_the_output_is_kept(local_package: Package, tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "thesis.txt").write_text("ten years of work")
    project = edited(local_package.project, tmp_path, {})
    done = package("build", project, "--output", f"oci:{tmp_path / 'image'}", env=NO_ENGINE)
    assert done.code == 2
    assert "expected nothing or an OCI folder" in done.err
    assert (tmp_path / "image" / "thesis.txt").read_text() == "ten years of work"


@pytest.mark.engine
def test_a_missing_base_is_an_error_that_names_package_base(
    engine: Engine, local_package: Package
) -> None:
    done = package("build", local_package.project, "--base", "no-such-base:1")
    assert done.code == 1
    assert "base no-such-base:1" in done.err
    assert "`package base`" in done.err


@pytest.mark.engine
def test_the_engine_has_image_and_companion_under_the_printed_tag(
    engine: Engine, engine_package: Package
) -> None:
    for name, digest in (
        (engine_package.built["tag"], engine_package.built["config_digest"]),
        (
            engine_package.built["companion"]["tag"],
            engine_package.built["companion"]["config_digest"],
        ),
    ):
        described = engine.describe(name)
        assert described is not None
        # A containerd store names images by their manifest, the classic one by their config.
        assert engine.is_containerd or described["Id"] == digest
    assert not [tag for tag in engine.tags() if tag.startswith("model-packager-training")]


@pytest.mark.engine
def test_training_rows_are_in_the_companion_only(
    engine: Engine, engine_package: Package, tmp_path: Path
) -> None:
    assert not engine.read(engine_package.built["tag"], "/data", tmp_path)
    assert engine.read(engine_package.built["companion"]["tag"], "/data", tmp_path)
    assert (tmp_path / "data" / "source" / "visits.csv").is_file()


@pytest.mark.engine
def test_engine_and_archive_carry_the_same_config(
    engine_package: Package, base: str, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    done = package(
        "build", engine_package.project, "--base", base, "--json",
        "--output", f"docker-archive:{archive}",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["config_digest"] == engine_package.built["config_digest"]
    inspected = package("inspect", archive, "--json").json
    assert inspected["config_digest"] == engine_package.built["config_digest"]
    assert inspected["manifest"]["environment"]["isolation"] == "container"
