"""Explains what is wrong in ``package.toml``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ValidationError

from packager.errors import UsageError
from packager.project.outputs import LABELS
from packager.text import did_you_mean

FILENAME = "package.toml"
EXPECTED = {  # what patterns expect, for error messages
    "package.name": "lower-case letters and digits, with . _ - between them",
    "package.version": "letters, digits and . _ -, at most 60",
    **{f"data.read.{k}": "one character" for k in ("separator", "decimal", "thousands", "quote")},
    "package.flow": "module:function, for example flow:run",
    "recipe.train": "module:function, for example train:train",
    "recipe.metrics": "module:function, for example metrics:metrics",
    "monitoring.embedding": "module:function, or model:method, for example model:embed",
    "requirements.torch": "cpu, xpu, or a version such as cu128 or rocm6.4",
    "serve.predictor": "auto or module:Class",
    "image.repository": "a lower-case path such as models/diamonds",
}

_LABELS = f"write labels of the image into the file {LABELS}, or give them with --label"
ELSEWHERE = {"image.labels": _LABELS, "package.labels": _LABELS}
"""Key that does not exist → hint that names the right one."""


def explain_mistake(
    error: ValidationError, project: type[BaseModel], internal: Collection[str]
) -> UsageError:
    """The first mistake as one sentence: the key, what was expected, what was found.

    ``project``: the model of the file, with the fields ``internal`` that are no keys.
    """
    mistakes = error.errors(include_url=False)
    # A misspelt key causes a missing key, too; report the misspelling.
    mistake = min(mistakes, key=lambda detail: detail["type"] != "extra_forbidden")
    parts = map(str, mistake["loc"])
    key = ".".join(part for part in parts if not part.startswith("constrained-")) or FILENAME
    if mistake["type"] == "extra_forbidden":
        known = _known_keys(mistake["loc"], project, internal)
        close = difflib.get_close_matches(str(mistake["loc"][-1]), known, 1, 0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"known keys here: {', '.join(known)}"
        hint = ELSEWHERE.get(key, hint)
        return UsageError(f"{FILENAME}: unknown key `{key}`", hint)
    if mistake["type"] == "missing":
        return UsageError(f"{FILENAME}: expected key `{key}`, got none", f"add `{key}`")
    if mistake["type"] == "value_error":
        text = str(mistake["ctx"]["error"])
        return UsageError(f"{FILENAME}: {text}", "see docs/package-toml.md for all keys")
    expected = EXPECTED.get(key) or re.sub(
        r"^Input should be |^(Value|String) should ", "", mistake["msg"]
    ).replace("a valid tuple", "a list")
    allowed = re.findall("'([^']+)'", expected) if mistake["type"] == "literal_error" else []
    return UsageError(
        f"{FILENAME}: `{key}`: expected {expected}, got {mistake['input']!r}",
        did_you_mean(str(mistake["input"]), allowed) or "see docs/package-toml.md for all keys",
    )


def _known_keys(
    location: tuple[int | str, ...], project: type[BaseModel], internal: Collection[str]
) -> list[str]:
    model: Any = project
    named = False  # whether the next part is a name that the user chose
    for part in location[:-1]:
        if isinstance(part, int):  # a place in a list
            continue
        if named:
            named = False
            continue
        field = model.model_fields.get(str(part)) if hasattr(model, "model_fields") else None
        annotation = field.annotation if field else None
        arms = getattr(annotation, "__args__", (annotation,))
        model = next((arm for arm in arms if hasattr(arm, "model_fields")), None)
        if model is None:
            return []
        named = getattr(annotation, "__origin__", None) is dict
    fields = model.model_fields.items()
    return sorted(field.alias or name for name, field in fields if name not in internal)
