"""Where the demo finds the program and writes its files."""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / ".demo"
PROJECT = WORK / "diamonds"
PACKAGE = Path(sys.executable).parent / "package"
