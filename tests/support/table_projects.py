"""Projects whose data is a version of a table."""

from __future__ import annotations

import pandas as pd
from host_samples import write_project

from packager.location import Location


def committed(commit, tmp_path, *frames):
    location = Location(str(tmp_path / "project" / ".pkgdata" / "visits"))
    for frame in frames:
        commit(frame, location=location)
    return location


def visits(folder):
    return pd.read_csv(folder / "data" / "visits.csv")


def project_of(tmp_path, source, **more):
    folder = write_project(tmp_path / "project")
    text = (folder / "package.toml").read_text()
    for old, new in {"data/visits.csv": source, **more}.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "package.toml").write_text(text)
    return folder
