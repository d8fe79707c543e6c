"""The requirements that were found or left out, and why, as a frame."""

from __future__ import annotations

import pandas as pd

from packager.project.requirement_edits import package_of
from packager.project.used_packages import UsedPackages

COLUMNS = ("module", "needed_by", "requirement", "note")
GIVEN = "given"


def requirement_frame(used: UsedPackages, text: str) -> pd.DataFrame:
    """A row for each module that is needed, and for each further line of the file's ``text``.

    ``requirement`` is the line of the file; ``note`` says why there is none, or why it is not the
    version that is installed.
    """
    lines = {package_of(line): line for line in text.splitlines() if package_of(line)}
    rows: list[tuple[str, str, str, str]] = []
    shown: set[str] = set()
    for module in used.modules:
        names = [package_of(part) for part in module.requirement.split(", ") if package_of(part)]
        requirements = [lines[name] for name in names if name in lines]
        note = module.note
        if module.requirement and not requirements:
            note = f"left out: the file lacks {module.requirement}"
        elif requirements and ", ".join(requirements) != module.requirement and names:
            note = f"the session has {module.requirement}"
        rows.append((module.module, module.needed_by, ", ".join(requirements), note))
        shown |= set(names)
    rows += [("", GIVEN, line, "") for name, line in lines.items() if name not in shown]
    return pd.DataFrame(rows, columns=list(COLUMNS))
