"""Start of a model process: its program, and the only variables that it gets.

The one place that decides in which environment the project's model runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelhost.solution.member_urls import VARIABLE as MEMBER_URLS
from modelhost.solution.member_urls import MemberUrl, urls_as_text
from packager.manifest.manifest import Serve
from packager.model.model_environment import installed_folders, model_python, model_variables
from packager.model.paths import Root
from serving.processes.cpus import available_cpus

_OF_THE_SERVER = ("MODEL_", "BENTOML_", "PROMETHEUS_", "AIP_", "SAGEMAKER_")
"""Prefixes of variables that are meant for the server: settings, keys, and addresses of stores."""
_KEPT = ("MODEL_ROOT",)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
"""The libraries of the others take ``OMP_NUM_THREADS`` for their own if that is not set."""
_CORES = "LOKY_MAX_CPU_COUNT"
"""joblib's number of cores: a model with ``n_jobs=-1`` starts as many threads."""


def model_command() -> tuple[str, ...]:
    """The command of a model process."""
    return (model_python(), "-m", "modelhost", "serve")


def processes_of(serve: Serve) -> int:
    """The number of model processes of a server."""
    return available_cpus() if serve.processes == "auto" else serve.processes


def model_environment(
    root: Root,
    inherited: Mapping[str, str],
    scratch: Path,
    processes: int,
    *,
    network: bool,
    members: Mapping[str, MemberUrl] = {},
) -> dict[str, str]:
    """The variables of a process of the model of ``root``, from those of the server's start.

    ``scratch``: the only folder that it may write to; ``processes`` of them share the processors,
    unless ``inherited`` says how many threads to use. Without ``network``, Python code that tries
    to use it gets an error that names the address. ``members``: those of a solution that run
    elsewhere.
    """
    variables = {
        name: value
        for name, value in inherited.items()
        if name in _KEPT or not name.startswith(_OF_THE_SERVER)
    }
    share = str(max(1, available_cpus() // processes))
    limited = () if THREADS[0] in inherited else THREADS
    return {
        **dict.fromkeys((*limited, _CORES), share),
        **model_variables(root, variables),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "NUMBA_CACHE_DIR": str(scratch / "numba"),
        "PYTHONUNBUFFERED": "1",
        "MODELHOST_NETWORK": "on" if network else "off",
        MEMBER_URLS: urls_as_text(members),
    }


def model_folders(root: Root) -> tuple[Path, ...]:
    """The folders that a model process may read, besides those of the system."""
    own = (root.code, root.models, root.package)
    return (*(path.resolve() for path in own), *installed_folders())
