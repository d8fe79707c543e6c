"""skops archives of estimators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIBRARY = "skops"


def load(path: Path) -> tuple[Any, Any]:
    """The estimator; its state is its own, because its members are named by addresses.

    skops is told to trust every type in the archive: ``modelhost.pickles`` has judged them before.
    """
    import skops.io

    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path)), None
