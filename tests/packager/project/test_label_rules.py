"""What ``[data] labels`` may say."""

from __future__ import annotations

import pytest
from host_samples import write_project
from table_projects import committed, project_of, visits

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.label_rules import check_labels
from packager.project.sections import DataSection


def test_labels_are_of_a_table_and_become_its_target(tmp_path, commit, cache):
    committed(commit, tmp_path, visits(write_project(tmp_path / "project")))
    named = {'target = "returned"': 'target = "y"\nlabels = "quality"'}
    folder = project_of(tmp_path, "delta:visits@1", **named)
    assert load_project(folder).data.labels == "quality"


@pytest.mark.parametrize(
    ("fields", "table", "message"),
    [
        ({"target": "y"}, False, "expected a table with versions as `data.source`, got rows.csv"),
        ({}, True, "`data.labels`: expected `data.target` with it, got none"),
    ],
)
def test_labels_without_a_table_or_a_target_are_refused(fields, table, message):
    data = DataSection(source="rows.csv", labels="quality", **fields)
    with pytest.raises(UsageError, match=message):
        check_labels(data, is_table=table)
    check_labels(DataSection(source="rows.csv", target="y"), is_table=False)
