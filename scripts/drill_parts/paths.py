"""Paths of the programs and of the files that the drill writes."""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SHARED = TOP / "tests" / "support"
"""Modules that tests, benchmarks and the drill share."""
WORK = TOP / ".drill"
PROJECTS = WORK / "projects"
DEPLOYED = WORK / "deployed"
IMAGES = WORK / "images"
LOGS = WORK / "logs"
REPORT = WORK / "report.html"
VERDICTS = WORK / "verdicts.json"
LOCK = WORK / "lock"
PROGRAMS = Path(sys.executable).parent
PACKAGE = PROGRAMS / "package"
