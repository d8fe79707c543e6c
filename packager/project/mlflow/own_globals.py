"""The globals in a model's pickles that come from its ``code_paths``."""

from __future__ import annotations

from pathlib import Path

from modelhost.pickles.audit import audit_model
from modelhost.pickles.before_load import refusal
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import NoModules
from packager.errors import UsageError
from packager.project.mlflow.saved_model import MlflowModel

BY_VALUE = (
    "cloudpickle writes classes and functions of a script or a notebook as code: define them in a "
    "module that code_paths names, or log the model from code (python_model='model.py')"
)


def own_globals(model: Path, saved: MlflowModel) -> list[str]:
    """Globals, ``module.name``, of modules below the model's code folder, sorted.

    They are packaged with the model, and the package records their digests. Raises ``UsageError``
    for a pickle that does what no data does, such as one with code of a notebook.
    """
    report = audit_model(model, Judge(NoModules()))
    if report.findings:
        refused = refusal(report, "the model")
        raise UsageError(refused.message, BY_VALUE)
    top = model / saved.code
    if not saved.code or not top.is_dir():
        return []
    modules = {path.stem for path in top.iterdir() if path.is_dir() or path.suffix == ".py"}
    return sorted({name for name in report.unknown if name.partition(".")[0] in modules})
