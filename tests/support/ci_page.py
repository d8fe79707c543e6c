"""The page docs/ci.md, and the files of jobs in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
NAMES = ("github", "gitlab", "gitlab with docker", "new data on github", "new data on gitlab")
FILES = dict(
    zip(NAMES, re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE), strict=True)
)
JOBS: dict[str, Any] = {name: yaml.safe_load(text) for name, text in FILES.items()}
SCRIPTS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
RELEASE = next(text for text in SCRIPTS if "package verify" in text)
"""The script that builds, tests, signs, pushes and verifies."""
IGNORED: dict[str, str] = dict(
    re.findall(r"^```text\n# (\.\w+ignore)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)
"""The files that tell what is neither committed nor packaged: name → lines."""
