from __future__ import annotations

from packager.manifest.evaluation import Compiled
from packager.report.package import compiled_facts


def lines(**fields) -> list[str]:
    return [f"{name} {value}".strip() for name, value in compiled_facts(Compiled(**fields))]


def test_a_form_is_shown_with_its_way_evidence_and_domain():
    assert lines(
        verdict="equal",
        way="encoders + treelite",
        domain=("size: any value, or null",),
        held_out_rows=7,
        edge_rows=5,
        tolerance=1e-9,
        largest_difference=2.2e-16,
    ) == [
        "compiled encoders + treelite: equal on 7 held-out and 5 edge rows, largest difference"
        " 2.200e-16 (tolerance 1e-09)",
        "served compiled where:",
        "size: any value, or null",
    ]


def test_a_refusal_names_its_reason_and_the_rows_that_differ():
    assert lines(verdict="refused", reason="it answers otherwise", differing=("edge row 1f",)) == [
        "compiled refused: it answers otherwise",
        "differs: edge row 1f",
    ]


def test_off_says_who_answers():
    assert lines(verdict="off") == ["compiled off: the native model answers every row"]
