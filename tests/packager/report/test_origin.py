from __future__ import annotations

from packager.project.mlflow.record import ModelOrigin
from packager.report.origin import claimed_rows, origin_facts, short_facts

ORIGIN = ModelOrigin(
    address="models:/churn@champion",
    server="https://h",
    name="churn",
    version="2",
    run="r1",
    run_name="calm",
    metrics={"auc": 0.93, "loss": "nan", **{f"m{place}": 1.0 for place in range(8)}},
    params={"C": "1"},
    tags={"team": "ri\x1bsk"},
    left_out=("key",),
    flavors=("sklearn",),
    mlflow="3.17.2",
    columns={"x": "double"},
    sha256="a" * 64,
    files=7,
    size=1500,
)


def test_inspect_says_where_from_and_that_metrics_are_claims() -> None:
    found = dict(short_facts(ORIGIN, everything=False))
    assert found["origin"] == (
        "churn version 2, asked for as models:/churn@champion, from https://h, run r1, saved by "
        "MLflow 3.17.2, files aaaaaaaaaaaa"
    )
    assert found["claimed"].startswith("auc 0.9300, loss nan, m0 1")
    assert found["claimed"].endswith(
        " and 4 more (claimed by its run; this package did not measure them)"
    )
    assert found.keys() == {"origin", "claimed"}


def test_everything_has_parameters_and_tags_without_control_characters() -> None:
    found = dict(short_facts(ORIGIN, everything=True))
    assert "more" not in found["claimed"]
    assert found["params"] == "C = 1"
    assert "\x1b" not in found["tags"]


def test_a_folder_without_metrics_claims_none() -> None:
    plain = ModelOrigin(
        flavors=(), mlflow="3", columns={}, sha256="b" * 64, files=1, size=1, run="r1"
    )
    assert dict(short_facts(plain, everything=False)) == {
        "origin": "run r1, saved by MLflow 3, files bbbbbbbbbbbb"
    }
    assert dict(origin_facts(plain))["flavours"] == "python_function"


def test_the_card_has_every_fact_and_names_what_was_left_out() -> None:
    found = dict(origin_facts(ORIGIN))
    assert found["run"] == "r1 (calm)"
    assert found["parameter C"] == "1"
    assert found["not recorded, like credentials"] == "key"
    assert found["files"].startswith("7, 1.5 kB, sha256 aaaa")
    assert ("auc", "0.9300") in claimed_rows(ORIGIN)
