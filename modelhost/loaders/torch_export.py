"""Archives of ``torch.export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelhost.loaders.contents import member_contents

LIBRARY = "torch"


def load(path: Path) -> tuple[Any, Any]:
    """The module of the program; its state is what the members of its archive hold."""
    import torch

    with path.open("rb") as file:  # by a path, a name without .pt2 is warned of
        program = torch.export.load(file)
    return program.module(), member_contents(path)
