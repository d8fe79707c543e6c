"""Paths of the program and of the files that the demo writes."""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / ".demo"
PROJECT = WORK / "diamonds"
PACKAGE = Path(sys.executable).parent / "package"
