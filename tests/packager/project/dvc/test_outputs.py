from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.dvc.outputs import DvcAddress, dvc_address, tracked_output

MD5 = "323575ee5cf35597b8ebfa4a8b29887d"
LOCK = f"""schema: '2.0'
stages:
  prepare:
    cmd: cp data/x.csv out.csv
    outs:
    - {{path: out.csv, hash: md5, md5: {MD5}, size: 12}}
  sub@one:
    cmd: cp x.csv y.csv
    outs:
    - {{path: y.csv, hash: md5, md5: {MD5}, size: 12}}
    - {{path: out.csv, md5: {MD5}, size: 12}}
"""
STAGES = "stages: {prepare: {cmd: x}, sub: {foreach: [one], do: {wdir: data, cmd: x}}}\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("data/x.csv.dvc", DvcAddress("data/x.csv.dvc", "")),
        ("dvc.yaml#prepare/out.csv", DvcAddress("dvc.yaml", "prepare/out.csv")),
        ("a/dvc.lock#out.csv", DvcAddress("a/dvc.yaml", "out.csv")),
        ("dvc.yaml#", DvcAddress("dvc.yaml", "")),
        ("data/x.csv", None),
        ("delta:x@3", None),
        ("a#b.csv", None),
        ("x/.dvc", None),
    ],
)
def test_which_sources_dvc_tracks(source: str, found: DvcAddress | None) -> None:
    assert dvc_address(source) == found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "dvc.yaml").write_text(STAGES)
    return tmp_path


def test_a_file_of_either_version_of_dvc(tmp_path: Path) -> None:
    file = tmp_path / "x.csv.dvc"
    file.write_text(f"outs:\n- md5: {MD5}\n  hash: md5\n  path: x.csv\n")
    found = tracked_output(DvcAddress("x.csv.dvc", ""), tmp_path)
    assert (found.path, found.digest, found.algorithm) == (tmp_path / "x.csv", MD5, "md5")
    assert not found.is_folder
    file.write_text(f"wdir: data\nouts:\n- md5: {MD5}.dir\n  path: many\n")
    found = tracked_output(DvcAddress("x.csv.dvc", ""), tmp_path)
    assert (found.path, found.algorithm) == (tmp_path / "data/many", "md5-dos2unix")
    assert found.is_folder


def test_an_output_of_a_stage_by_stage_or_path(project: Path) -> None:
    found = tracked_output(DvcAddress("dvc.yaml", "prepare/out.csv"), project)
    assert (found.path, found.stage) == (project / "out.csv", "prepare")
    found = tracked_output(DvcAddress("dvc.yaml", "y.csv"), project)
    assert (found.path, found.stage) == (project / "data/y.csv", "sub@one")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("gone.csv", "expected one output gone.csv, got none"),
        ("out.csv", "expected one output out.csv, got 2 of that path"),
        ("", "expected one output after #, got none"),
    ],
)
def test_an_output_that_is_not_one_is_named_with_the_others(
    project: Path, output: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        tracked_output(DvcAddress("dvc.yaml", output), project)
    assert "prepare/out.csv, sub@one/y.csv" in caught.value.hint


def test_a_pipeline_that_has_not_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(STAGES)
    with pytest.raises(UsageError, match=r"dvc\.lock: no such file: no stage of dvc\.yaml has run"):
        tracked_output(DvcAddress("dvc.yaml", "prepare/out.csv"), tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outs: []", "expected one entry under `outs`, got none"),
        ("outs: [{path: a, md5: x}, {path: b, md5: x}]", "expected one entry under `outs`, got 2"),
        ("outs: [{path: a}]", "expected `md5` of a, got none"),
        ("outs: [{path: a, etag: x, hash: etag}]", "expected `md5` of a, got etag"),
        ("outs: [{path: a, md5: ../../etc}]", "expected `md5` of a"),
        ("outs: [3]", "expected an output with `path`"),
        ("[", "expected YAML"),
        ("3", "expected names and values"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.dvc").write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        tracked_output(DvcAddress("x.dvc", ""), tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("declared", "path", "cached"),
    [
        ("outs: [a.csv, {b.csv: {cache: false}}]", "b.csv", False),
        ("outs: [a.csv, {b.csv: {persist: true}}]", "b.csv", True),
        ("plots: [{b.csv: {cache: false, x: a}}]", "b.csv", False),
        ("foreach: [b], do: {metrics: [{'${item}.csv': {cache: false}}]}", "b.csv", False),
        ("matrix: {n: [b]}, outs: [{'c${item.n}.csv': {cache: false}}]", "b.csv", True),
    ],
)
def test_which_outputs_dvc_keeps_no_copy_of(
    tmp_path: Path, declared: str, path: str, cached: bool
) -> None:
    (tmp_path / "dvc.yaml").write_text(f"stages: {{s: {{cmd: x, {declared}}}}}\n")
    lock = f"stages: {{s@b: {{outs: [{{path: {path}, hash: md5, md5: {MD5}}}]}}}}\n"
    (tmp_path / "dvc.lock").write_text(lock)
    assert tracked_output(DvcAddress("dvc.yaml", path), tmp_path).cached == cached


def test_a_wdir_that_a_list_decides_is_refused(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages: {sub: {foreach: [a], do: {wdir: '${item}'}}}\n")
    with pytest.raises(UsageError, match=r"a wdir of sub@one without \$\{…\}") as caught:
        tracked_output(DvcAddress("dvc.yaml", "y.csv"), project)
    assert "leave `wdir` out" in caught.value.hint
