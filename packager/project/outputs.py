"""Names of the files next to ``package.toml`` that commands write or read; none is code."""

from __future__ import annotations

import re

from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import WHEELS_FOLDER

RECORD = "package.build.json"
LABELS = "package.image-labels"
"""Written by the user: labels of the image, which are outside of the package."""
REPLAY_REPORT = "replay.json"
SEEDS = "package.seeds.json"
VERDICTS = "verdicts.csv"
OUTPUTS = (LOCK, WHEELS_FOLDER, RECORD, REPLAY_REPORT, SEEDS, VERDICTS)
ARCHIVE = re.compile(rb"[0-9a-f]{64}\.tar\0")
"""Beginning of an image archive: its first member is a layer, named by its digest."""
