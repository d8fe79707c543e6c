"""A project whose data is a version of a table."""

from types import SimpleNamespace

import pandas as pd
import pytest
from host_samples import write_project
from labelled_tables import declared, labelled
from table_projects import committed, project_of, visits

from packager.data.fingerprint import row_hashes
from packager.digest import sha256_file
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.data_roles import Split
from packager.manifest.dvc_version import DvcVersion
from packager.manifest.label_schemes import LabelScheme, TableVersion
from packager.manifest.manifest import DataSource
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.project.dvc.digests import file_digest
from packager.project.files import list_files
from packager.review.gate import make_check_job
from packager.runners.table_data import local_data, on_local_data
from packager.tables.checkout import revert
from packager.tables.pins import Pin, pin_or_warn, pins


class RecordedProgress(NullProgress):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.mark.slow
def test_the_named_version_is_exported_and_a_newer_one_reported(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.iloc[:1])
    project = load_project(project_of(tmp_path, "delta:visits@1"))
    assert project.table == Location(table.uri, 1)
    told, digests = RecordedProgress(), set()
    for _ in range(2):
        with local_data(project, told) as local:
            file = local.path(local.data.source)
            assert (file.name, len(pd.read_parquet(file))) == ("visits.parquet", len(frame))
            assert local.exported == TableVersion(table="visits", version=1)
            assert local.table.uri == table.uri
            digests.add(sha256_file(file))
        assert not file.exists()
    assert len(digests) == 1
    assert "version 2 is newer than the one that package.toml names" in told.warnings[0]


@pytest.mark.slow
def test_without_a_version_the_latest_is_taken(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.iloc[:1])
    revert(Location(table.uri, 1), "", "me")
    told = RecordedProgress()
    with local_data(load_project(project_of(tmp_path, "delta:visits")), told) as local:
        assert local.exported.version == 3
    assert told.warnings == []


def test_plain_files_are_left_alone(tmp_path):
    project = load_project(write_project(tmp_path / "project"))
    with local_data(project, NullProgress()) as local:
        assert local is project


def test_a_manifest_keeps_the_version():
    source = DataSource(
        format="parquet", files=(), test_file=None, target="y", exclude=(), split=Split(),
        embed="none", fingerprint="", train_rows=1, test_rows=1,
        table=TableVersion(table="visits", version=3),
    )  # fmt: skip
    assert DataSource.model_validate_json(source.dump()).table.version == 3


@pytest.mark.slow
def test_a_build_is_checked_against_the_previous_version_which_stays_too(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame, frame.assign(basket=9.0))
    folder = project_of(tmp_path, "delta:visits@2")
    (folder / "package.toml").open("a").write('[slices]\ncolumns = ["channel"]\n')
    with local_data(load_project(folder), RecordedProgress()) as local:
        asked = make_check_job(local, NullProgress())
        assert [column.name for column in asked.expected.previous] == list(frame)
        assert asked.expected.slices.rows["channel=web"] == 1
        assert asked.expected.accepted
        assert (
            make_check_job(local, NullProgress(), str(folder / "data" / "visits.csv")).expected.rows
            == 2
        )

    @on_local_data
    def build(project, output, engine, progress):
        return SimpleNamespace(manifest=SimpleNamespace(name="shop", tag="1-abc"))

    build(load_project(folder), None, None, NullProgress())
    assert [(pin.version, pin.needed_by) for pin in pins(table)] == [
        (1, "package shop 1-abc, compared with it"),
        (2, "package shop 1-abc"),
    ]


def test_a_table_for_reading_only_is_built_from_and_that_is_reported(tmp_path, commit, cache):
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame)
    (table.path / "_package_pins").write_text("in the way")
    told = RecordedProgress()
    pin_or_warn(table, Pin(version=1, needed_by="package shop"), told)
    assert "cannot pin version 1, which package shop needs" in told.warnings[0]


MOOD = LabelScheme(name="mood", classes=("no", "yes"))
VOTES = [("web", "ann", "yes"), ("app", "ann", "no"), ("app", "bob", "yes")]


def labelled_project(tmp_path, commit, source):
    """A project on a table of two rows with labels: version 2 declares, 3 and 4 add some."""
    frame = visits(write_project(tmp_path / "project"))
    table = committed(commit, tmp_path, frame)
    declared(table, MOOD, ["channel"])
    labelled(table, VOTES, "mood", key=("channel",))
    labelled(table, [("app", "cy", "no")], "mood", key=("channel",), source="2")
    target = 'target = "mood"\nlabels = "mood"\nexclude = ["returned"]'
    return load_project(project_of(tmp_path, source, **{'target = "returned"': target}))


@pytest.mark.slow
def test_labels_of_a_version_are_the_target_and_older_ones_can_be_trained_on(
    tmp_path, commit, cache
):
    for number, moods, unresolved in ((4, ["yes", "no"], 0), (3, ["yes", "none"], 1)):
        project = labelled_project(tmp_path / str(number), commit, f"delta:visits@{number}")
        told = RecordedProgress()
        with local_data(project, told) as local:
            frame = pd.read_parquet(local.path(local.data.source))
            assert frame["mood"].fillna("none").tolist() == moods
            found = local.exported.labels
            assert (found.scheme, found.unresolved) == (MOOD, unresolved)
            assert local.exported.version == number
        assert bool(told.warnings) == (number == 3)


@pytest.mark.slow
def test_a_version_without_the_scheme_is_refused(tmp_path, commit, cache):
    project = labelled_project(tmp_path, commit, "delta:visits@1")
    with (
        pytest.raises(UsageError, match="visits@1: expected the labelling scheme 'mood', got none"),
        local_data(project, NullProgress()),
    ):
        pass


@pytest.mark.slow
def test_a_check_is_told_of_disputed_rows_of_the_scheme(tmp_path, commit, cache):
    with local_data(labelled_project(tmp_path, commit, "delta:visits@3"), NullProgress()) as local:
        labels = make_check_job(local, NullProgress()).expected.labels
    assert labels.target == "mood"
    assert [(one.row, one.votes) for one in labels.disputed] == [(1, "'no' (ann), 'yes' (bob)")]


@pytest.mark.slow
def test_rows_of_a_checked_project_have_the_hashes_of_their_table(tmp_path, commit, cache):
    from packager.worker.check_data import _hashes

    with local_data(labelled_project(tmp_path, commit, "delta:visits@4"), NullProgress()) as local:
        asked = make_check_job(local, NullProgress())
        frame = pd.read_parquet(local.path(local.data.source))
    rows = visits(tmp_path / "project")
    assert _hashes(frame, asked).tolist() == row_hashes(rows).tolist()


@pytest.mark.slow
def test_a_manifest_names_the_scheme(tmp_path, commit, cache):
    with local_data(labelled_project(tmp_path, commit, "delta:visits@4"), NullProgress()) as local:
        named = local.exported
    assert TableVersion.model_validate_json(named.dump()) == named
    assert named.labels.scheme.name == "mood"


def tracked(folder, *, in_workspace):
    """A project whose rows DVC tracks, in the workspace or in the cache alone."""
    write_project(folder)
    (folder / ".dvc").mkdir()
    rows = folder / "data/visits.csv"
    digest = file_digest(rows, "md5")
    text = f"outs:\n- md5: {digest}\n  hash: md5\n  path: visits.csv\n"
    (folder / "data/visits.csv.dvc").write_text(text)
    toml = (folder / "package.toml").read_text()
    (folder / "package.toml").write_text(toml.replace("visits.csv", "visits.csv.dvc"))
    if not in_workspace:
        kept = folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
        kept.parent.mkdir(parents=True)
        rows.rename(kept)
    return load_project(folder), digest


def test_rows_that_dvc_tracks_are_the_same_from_the_workspace_and_the_cache(tmp_path):
    found = []
    for name, in_workspace in (("one", True), ("two", False)):
        project, digest = tracked(tmp_path / name, in_workspace=in_workspace)
        with local_data(project, NullProgress()) as local:
            assert local.tracked == DvcVersion(
                file="data/visits.csv.dvc",
                output="data/visits.csv",
                digest=digest,
                algorithm="md5",
            )
            assert local.table is None
            assert local.dvc is None
            found.append(list_files(local).hashed().digests())
    assert found[0] == found[1]
    assert list(found[0]["data"]) == ["source/visits.csv"]
    assert not [name for name in found[0]["code"] if name.startswith("data/")]


def test_a_workspace_that_differs_from_what_dvc_states_is_no_data(tmp_path):
    project, _ = tracked(tmp_path, in_workspace=True)
    (tmp_path / "data/visits.csv").write_text("other")
    told = pytest.raises(UsageError, match=r"as data/visits\.csv\.dvc states, got")
    with told, local_data(project, NullProgress()):
        pass
