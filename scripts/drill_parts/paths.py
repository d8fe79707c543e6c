"""Where the drill finds the programs and writes its files."""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / ".drill"
PROJECT = WORK / "shop"
DEPLOYED = WORK / "deployed"
IMAGES = WORK / "images"
LOGS = WORK / "logs"
REPORT = WORK / "report.html"
PROGRAMS = Path(sys.executable).parent
PACKAGE = PROGRAMS / "package"
