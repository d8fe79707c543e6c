"""Table logs in which another program wrote arbitrary values."""

from __future__ import annotations

import json

import pandas as pd
from foreign_tables import edit

from packager.report.lineage_svg import lineage_svg
from packager.report.table_log import log_json, log_text
from packager.tables.checkout import export
from packager.tables.delta import VersionedTable
from packager.tables.lineage import lineage, lineage_text
from packager.tables.vacuum import vacuum


def read_everything(place, tmp_path):
    """Run everything that reads a table."""
    versions = VersionedTable.open(place).versions
    log_text(versions)
    json.dumps([log_json(version) for version in versions])
    export(place, tmp_path / "out.parquet")
    nodes = lineage(place)
    lineage_text(nodes)
    lineage_svg(nodes)
    vacuum(place, 1, (), delete=False)


def set_commit_info(place, **facts):
    edit(place, lambda action: action.get("commitInfo", {}).update(facts))


def rows(place, number=None):
    return pd.concat(list(VersionedTable.open(place).frames(number)), ignore_index=True)


def numbers(place):
    return [version.number for version in VersionedTable.open(place).versions]
