"""Where a service and its clients find each other on one machine."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def default_state() -> Path:
    """The folder of the service's data: in the user's data folder."""
    return Path(platformdirs.user_data_dir("model-packager")) / "issues"
