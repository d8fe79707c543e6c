"""TorchScript archives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelhost.loaders.contents import member_contents

LIBRARY = "torch"


def load(path: Path) -> tuple[Any, Any]:
    """The scripted module, on the processor; its state is what the members of its archive hold."""
    import torch

    return torch.jit.load(str(path), map_location="cpu").eval(), member_contents(path)
