"""``[outputs]`` and the recipe of a new project with several targets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from packager.manifest.base import Task
from packager.project.answers import ANSWERED
from packager.project.scaffold import quoted

MAX_NAME = 50


class NewOutput(NamedTuple):
    """An output, named by its target."""

    name: str
    target: str
    task: Task


def outputs_of(tasks: Mapping[str, Task]) -> list[NewOutput]:
    """An output for each target, with a name that ``package.toml`` takes and no other has."""
    outputs: list[NewOutput] = []
    for target, task in tasks.items():
        name = re.sub(r"[^A-Za-z0-9_]+", "_", target)[:MAX_NAME]
        name = name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"
        taken = {*ANSWERED, *(one.name for one in outputs)}
        numbered = (name if at == 1 else f"{name}_{at}" for at in range(1, len(tasks) + 4))
        outputs.append(NewOutput(next(one for one in numbered if one not in taken), target, task))
    return outputs


def sections(outputs: Sequence[NewOutput], classes: Mapping[str, str] | None = None) -> str:
    """The sections of ``package.toml``; ``classes``: name of an output → its key ``classes``."""
    kinds = {"classification": "label", "regression": "number"}
    return "\n".join(
        f"[outputs.{output.name}]\n"
        f'kind = "{kinds[output.task]}"\n'
        f"target = {quoted(output.target)}\n"
        + "".join(f"{line}\n" for line in [(classes or {}).get(output.name)] if line)
        for output in outputs
    )


def recipe_values(outputs: Sequence[NewOutput], estimators: Mapping[str, str]) -> dict[str, str]:
    """The values of the recipe's template; ``estimators``: task to class of scikit-learn."""
    lines = [
        f'    "{output.name}": ({json.dumps(output.target, ensure_ascii=False)}, '
        f"{estimators[output.task]}),"
        for output in outputs
    ]
    imported = sorted({estimators[output.task] for output in outputs})
    return {"estimators": ", ".join(imported), "outputs": "\n".join(lines)}
