"""The modules that ``package.toml`` names, and those that a project may not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.project.sections import RecipeSection

RESERVED_MODULES = ("modelhost",)


def entrypoints(
    predictor: str, recipe: RecipeSection | None, cases: Sequence[Case], flow: str | None = None
) -> dict[str, str]:
    """Key of package.toml → ``module:name``, or ``auto``, of what the package calls."""
    named: dict[str, str | None] = {"package.flow": flow, "serve.predictor": predictor}
    if recipe is not None:
        named |= {"recipe.train": recipe.train, "recipe.metrics": recipe.metrics}
    named |= {f"test.case {one.name!r}": one.call for one in cases}
    return {key: one for key, one in named.items() if one}


def check_modules(directory: Path, entrypoints: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for missing modules and for one whose name the model host has.

    ``entrypoints``: place → ``module:name`` or ``auto``.
    """
    places = (directory, directory / "src")
    for name in RESERVED_MODULES:
        for place in places:
            if (place / f"{name}.py").exists() or next((place / name).glob("*.py"), None):
                raise UsageError(
                    f"module `{name}` in {place}: this name belongs to what loads the model",
                    "rename it",
                )
    for key, entrypoint in entrypoints.items():
        module = entrypoint.partition(":")[0]
        if entrypoint != "auto" and not any(_holds_module(place, module) for place in places):
            raise UsageError(
                f"{key}: expected module `{module}` in the project, got none",
                f"write {module.replace('.', '/')}.py in the project's folder or in its src/",
            )


def _holds_module(place: Path, module: str) -> bool:
    path = place / module.replace(".", "/")
    return path.with_name(path.name + ".py").is_file() or path.is_dir()
