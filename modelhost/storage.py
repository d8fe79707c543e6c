"""The model on disk: written and read by joblib, the project's own functions, or its format."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from modelhost.errors import PackageError, UsageError
from modelhost.loaders.formats import PREFIX, found_format
from modelhost.loaders.opening import OpenedObject, open_format
from modelhost.pickles.before_load import refuse_pickles
from modelhost.predictions import Scalar
from modelhost.project_code import find_module, find_object, project_errors
from modelhost.solution.spec import SOLUTION

JOBLIB = "joblib"
PICKLE_PROTOCOL = 5  # fixed, so that the same object gives the same bytes under every Python


def save_model(model: Any, models: Path, module: ModuleType, predictor: str = "auto") -> str:
    """Write ``model`` to ``models / "model"``; return its loader.

    Uses ``save(model, path)`` of ``module`` if it is defined (then ``load`` must be defined too,
    unless it writes a format of ``modelhost.loaders`` or a ``predictor`` class reads the model),
    otherwise joblib.
    """
    if model is None:
        raise PackageError("train returned nothing, expected the fitted model", "return the model")
    path = models / "model"
    models.mkdir(parents=True, exist_ok=True)
    save = getattr(module, "save", None)
    if not callable(save):
        _dump(model, path)
        return JOBLIB
    with _refusing_main(), project_errors(f"save of module {module.__name__!r}"):
        save(model, path)
    if not path.exists():
        raise PackageError(
            f"save of module {module.__name__!r} wrote nothing at the path it was given",
            "write a file or a folder at exactly that path",
        )
    if callable(getattr(module, "load", None)):
        return module.__name__
    if predictor != "auto":
        return JOBLIB
    try:
        return _loader_of(path, module.__name__)
    except PackageError:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _loader_of(path: Path, module: str) -> str:
    """The loader for what ``save`` of a module without ``load`` wrote."""
    model_format = found_format(path, f"what save of module {module!r} wrote")
    if model_format is None:
        raise UsageError(
            f"module {module!r} has save(model, path) but no load(path)",
            f"add load(path) to {module!r}, write a format of docs/model-formats.md, or name a"
            " predictor under [serve]",
        )
    return PREFIX + model_format.name


def _dump(model: Any, path: Path) -> None:
    import joblib

    try:
        with _refusing_main():
            joblib.dump(model, path, compress=0, protocol=PICKLE_PROTOCOL)
    except PackageError:
        path.unlink(missing_ok=True)
        raise
    except Exception as error:
        path.unlink(missing_ok=True)
        raise PackageError(
            f"the model, {type(model).__name__}, can't be written: {error}",
            "keep lambdas, open files and locks out of it, or give the module of train"
            " a save(model, path) and a load(path)",
        ) from error


def load_estimator(
    path: Path, predictor: str, loader: str, classes: Sequence[Scalar] | None = None
) -> OpenedObject:
    """The project's own object at ``path``, and what describes its state.

    It comes from joblib, ``load`` of a module, the loader of a format, or a predictor; of a
    solution, it is its flow. ``classes``: the labels that the package declares.

    Raises ``PackageError`` before anything is unpickled if the audit refuses a pickle.
    """
    if loader == SOLUTION:
        from modelhost.solution.flow import load_flow

        flow = load_flow(path, classes)
        return OpenedObject(flow, flow)
    refuse_pickles(path, joblib_only=predictor == "auto" and loader == JOBLIB)
    if predictor == "auto" and loader.startswith(PREFIX):
        with _refusing_main():
            return open_format(loader[len(PREFIX) :], path)
    native = _read(path, predictor, loader)
    return OpenedObject(native, native)


def _read(path: Path, predictor: str, loader: str) -> Any:
    if predictor != "auto":
        return _read_predictor(path, predictor)
    if loader == JOBLIB:
        import joblib

        with _refusing_main(), project_errors("reading the model"):
            return joblib.load(path)
    module = find_module(loader, "[recipe] train")
    with _refusing_main(), project_errors(f"load of module {loader!r}"):
        return module.load(path)


def _read_predictor(path: Path, spec: str) -> Any:
    _, predictor = find_object(spec, "[serve] predictor")
    load = getattr(predictor, "load", None)
    if not callable(load):
        raise UsageError(
            f"[serve] predictor: expected {spec!r} to have load(path), which it lacks",
            "add a classmethod load(path) that returns a predictor",
        )
    with _refusing_main(), project_errors(f"load of {spec!r}"):
        return load(path)


@contextmanager
def _refusing_main() -> Iterator[None]:
    """Refuse pickles of classes defined in ``__main__``, which no other process could find.

    Pickling and unpickling look a class up in ``sys.modules``. A stand-in module there makes the
    look-up raise an error with the class's name, for every file format, even if this program's
    own ``__main__`` has an attribute of that name.
    """

    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise PackageError(
            f"the model needs {name!r} of the script it was made by (module __main__)",
            f"move {name} to a module of the project and train or save the model again",
        )

    own = sys.modules["__main__"]
    stand_in = ModuleType("__main__")
    stand_in.__getattr__ = refuse  # type: ignore[method-assign]
    sys.modules["__main__"] = stand_in
    try:
        yield
    finally:
        sys.modules["__main__"] = own
