"""What ``package deploy monitoring`` wrote for the tracker is read, and what is damaged named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.query_templates import PLACE, filled_query
from packager.deploy.issues import issue_document, service_document
from packager.deploy.prometheus.rules import MonitoredModel
from packager.errors import UsageError
from packager.tracker.sources.queries import KindQueries, kind_queries, read_queries

DRIFT = {
    "share": "0.5 * sum(abs(x{feature={feature}}))",
    "certainty": "vector(1)",
    "plot": [{"title": "live", "query": "sum by (bin) (y)", "form": "bars"}],
    "severity": "ticket",
    "summary": "{feature} has drifted",
    "action": "Compare.",
    "runbook": None,
}


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_kinds_and_fields_that_are_not_known_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, "shop.json", {"FeatureDrift": DRIFT, "Tomorrow": {"share": None, "new": 1}})
    write(tmp_path, "_issues.json", {"IssuesServiceDown": {"share": "vector(1)"}})
    write(tmp_path, "notes.txt", "no document")
    found = read_queries(tmp_path)
    assert set(found) == {"shop", "_issues"}
    drift = kind_queries(found, "shop", "FeatureDrift")
    assert drift is not None
    assert (drift.share, drift.plot[0].form) == (DRIFT["share"], "bars")
    assert kind_queries(found, "shop", "Tomorrow") == KindQueries()
    assert kind_queries(found, "shop", "Other") is None
    assert kind_queries(found, "another", "FeatureDrift") is None
    common = kind_queries(found, "issues", "IssuesServiceDown")
    assert common is not None
    assert common.share == "vector(1)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the file: expected JSON"),
        ([], "the file: expected an object"),
        ({"A": {"share": 5}}, "A.share: expected a text"),
        ({"A": {"plot": [{"title": "t"}]}}, "A.plot.0.query: expected a value, got none"),
        (" " * (5 << 20), "expected at most 4194304 bytes, got more"),
    ],
)
def test_a_damaged_document_is_named(tmp_path: Path, content: Any, message: str) -> None:
    path = write(tmp_path, "shop.json", content)
    with pytest.raises(UsageError) as error:
        read_queries(tmp_path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert error.value.hint == "write it again with package deploy monitoring"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder"):
        read_queries(tmp_path / "issues")


def test_every_document_of_deploy_monitoring_is_read_whole(tmp_path: Path) -> None:
    model = MonitoredModel("shop", "1", "classification", ("__all__",), ("carat",))
    written = {"shop": issue_document(model), "_issues": service_document()}
    for name, document in written.items():
        write(tmp_path, f"{name}.json", document)
    found = read_queries(tmp_path)
    for name, document in written.items():
        assert set(found[name]) == set(document)
        for kind, queries in found[name].items():
            assert len(queries.plot) == len(document[kind]["plot"])
            for query in (queries.share, queries.certainty, *(one.query for one in queries.plot)):
                assert query is not None
                assert not PLACE.search(filled_query(query, {"model": "shop", "feature": "x"}))
