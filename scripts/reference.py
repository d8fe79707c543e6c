"""Write the reference pages of docs/reference/ from the code; with --check say which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from reference_parts.pages import generated

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def main() -> int:
    pages = generated()
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    stale = sorted(name for name in pages | there if pages.get(name) != there.get(name))
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"stale: docs/reference/{name}: run `make reference`", file=sys.stderr)
        return min(len(stale), 1)
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in pages:
            (FOLDER / name).write_text(pages[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    print(f"docs/reference: {len(pages)} pages, {len(stale)} of them written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
