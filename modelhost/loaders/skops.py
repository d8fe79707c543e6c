"""skops archives of estimators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIBRARY = "skops"


def load(path: Path) -> tuple[Any, Any]:
    """The estimator; its state is its own, because its members are named by addresses.

    Every type in the archive is trusted: it is the model that was chosen to be packaged.
    """
    import skops.io

    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path)), None
