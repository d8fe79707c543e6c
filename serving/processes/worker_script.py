"""BentoML's own worker script, which the supervisor starts as ``bentoml serve`` does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from serving.unsupported_version import unsupported_version

WORKER = "_bentoml_impl.worker.service"
OPTIONS = ("--fd", "--backlog", "--service-name", "--worker-id", "--args")
"""Options that a worker is started with."""


def check_worker_script() -> None:
    """Raise ``PackageError`` if BentoML lacks this script, or the script lacks these options.

    The script is read but not imported: the supervisor doesn't load BentoML.
    """
    top, *inside = WORKER.split(".")
    spec = importlib.util.find_spec(top)
    folders = (spec.submodule_search_locations if spec else None) or ()
    script = next(
        (
            place
            for folder in folders
            if (place := Path(folder, *inside).with_suffix(".py")).is_file()
        ),
        None,
    )
    expected = f"a worker script {WORKER} with {', '.join(OPTIONS)}"
    if script is None:
        raise unsupported_version("bentoml", expected, "none")
    text = script.read_text(encoding="utf-8")
    absent = [option for option in OPTIONS if f'"{option}"' not in text]
    if absent:
        raise unsupported_version("bentoml", expected, f"one without {', '.join(absent)}")
