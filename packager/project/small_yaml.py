"""Reads small YAML files of others, in time linear in their bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from packager.confinement import small_text
from packager.errors import UsageError

MAX_ALIASES = 20
"""Aliases of a YAML file; nested aliases can expand to exponentially many values."""
ALIAS = re.compile(r"(?:^|[\s\[,{:?-])\*[^\s\],}]", re.MULTILINE)


def small_yaml(file: Path) -> Any:
    """The content of a YAML file.

    Raises ``UsageError`` for a large file, one with many aliases, and what is no YAML.
    """
    import yaml

    text = small_text(file, file.name)
    aliases = len(ALIAS.findall(text))
    if aliases > MAX_ALIASES:
        raise UsageError(
            f"{file}: expected at most {MAX_ALIASES} aliases, got {aliases}",
            "write the values out",
        )
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{file}: expected YAML, got {error}", "mend that line") from error
