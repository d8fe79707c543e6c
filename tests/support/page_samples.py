"""Pages made of a value that may be hostile, one of each kind."""

from __future__ import annotations

import pandas as pd
from host_samples import MANIFEST
from tested_packages import every_family

from packager.data.checks.run import check
from packager.data.checks.table import table_of
from packager.location import Location
from packager.report.card import CardBlock, ModelCard
from packager.report.card_page import as_page as card_as_page
from packager.report.card_tables import CardTable
from packager.report.data_issues_page import issues_page
from packager.report.data_test_page import data_test_page
from packager.report.lineage_page import lineage_page
from packager.report.lineage_svg import lineage_svg
from packager.report.replay_page import as_page
from packager.run.replay import _confirmed
from packager.tables.lineage import LineageTable
from packager.tables.records import Derivation, Version
from packager.worker.replay.report import ModelComparison, ReplayReport


def issues(value: str) -> str:
    frame = pd.DataFrame({value: [5 + i / 100 for i in range(200)], "label": ["x", "y"] * 100})
    frame["text"] = [f"n{i % 3}" for i in range(200)]
    frame.loc[7, value], frame.loc[7, "text"] = 900.0, value
    frame.loc[9, value] = 0.0
    found = check(table_of(frame, "label"), models=False)
    assert found.findings
    return issues_page(found, found.findings, (), value)


def replay(value: str) -> str:
    report = ReplayReport(
        level="none",
        required_level="state",
        passed=False,
        checks=(),
        comparison=ModelComparison(
            artifact=False, state=False, differing=(value,), ignored=(value,)
        ),
        environment_recorded=MANIFEST.environment,
        environment_differences=(value,),
        nondeterminism=(f"{value}: {value}",),
        verified_by={value: value},
    )
    return as_page(_confirmed(report, True), MANIFEST.model_copy(update={"name": value}))


def nodes_of(value: str) -> dict[str, LineageTable]:
    derived = Derivation(parents=(), step=value, digest="", params={})
    version = Version(
        number=1,
        milliseconds=0,
        operation="add",
        message="",
        author="",
        fingerprint=None,
        derived=derived,
    )
    place = Location("/x/" + value.replace("/", "|"))
    return {place.uri: LineageTable(place, version, (), (value,))}


def lineage(value: str) -> str:
    return lineage_svg(nodes_of(value))


def lineage_html(value: str) -> str:
    return lineage_page(nodes_of(value), value)


def page_of_a_test(value: str) -> str:
    return data_test_page(every_family(value), [every_family(value)])


def card(value: str) -> ModelCard:
    """A card whose every text is ``value``."""
    return ModelCard(
        title=value,
        lead=f"a {value}",
        facts={"version": value},
        blocks=(
            CardBlock(
                f"b {value}",
                (f"c {value}",),
                (
                    CardTable(("what", "how"), ((value, f"one\nline\n\n\n{value}"), ("n", 1.5))),
                    CardTable(("x", value, "z"), ((value, 2, value),)),
                ),
            ),
            CardBlock("empty", (), (CardTable(("a", "b"), ()),)),
        ),
        footer=f"root {value}",
    )


def card_html(value: str) -> str:
    return card_as_page(card(value))
