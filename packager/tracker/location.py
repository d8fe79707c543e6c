"""The local address by which clients find a service on the same machine."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def default_state() -> Path:
    """The folder of the service's data: in the user's data folder."""
    return Path(platformdirs.user_data_dir("model-packager")) / "issues"
