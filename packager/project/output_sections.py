"""``[outputs]`` of a new project: with several targets, or of a model of another kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from packager.manifest.base import Task
from packager.manifest.outputs import OutputKind
from packager.project.answers import ANSWERED
from packager.project.scaffold import quoted

MAX_NAME = 50


class NewOutput(NamedTuple):
    """An output, named by its target."""

    name: str
    target: str
    task: Task


class ModelOutput(NamedTuple):
    """The answer of a model that gives neither one label nor one number."""

    name: str
    kind: OutputKind
    spans: bool = False
    targeted: bool = True
    """Whether a column can hold its right answer."""

    def section(self, target: str | None = None) -> str:
        """Its section of ``package.toml``."""
        lines = [f"[outputs.{self.name}]", f'kind = "{self.kind}"']
        lines += [f"target = {quoted(target)}"] if target is not None else []
        lines += ["spans = true"] if self.spans else []
        return "".join(f"{line}\n" for line in lines)


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
