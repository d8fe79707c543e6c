"""The output of the drill: phases, and one line for each result."""

from __future__ import annotations

import os
import sys


def phase(title: str) -> None:
    """The heading of a phase."""
    print(f"\n\033[1m{title}\033[0m" if os.isatty(1) else f"\n{title}")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line of the current phase."""
    print(f"  {text}")
    sys.stdout.flush()
