"""The output of the demo: steps, and commands before they run."""

from __future__ import annotations

import os
import sys


def say(step: str, title: str, text: str) -> None:
    print(
        f"\n\033[1m{step}. {title}\033[0m: {text}" if os.isatty(1) else f"\n{step}. {title}: {text}"
    )


def command(text: str) -> None:
    print(f"  $ {text}")
    sys.stdout.flush()
