"""Labelling schemes that a TOML file or options declare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from packager.confinement import parse_toml, refuse_special, small_text
from packager.errors import UsageError
from packager.manifest.label_schemes import LabelScheme


def read_scheme(file: Path, name: str) -> LabelScheme:
    """The scheme ``[name]`` of a TOML file; ``UsageError`` if it has none, or an invalid one."""
    if not file.is_file():
        raise UsageError(f"{file}: expected a TOML file of labelling schemes, which does not exist")
    refuse_special(file, file.name)
    small_text(file, file.name)
    try:
        content = parse_toml(file.read_text(encoding="utf-8-sig"), file.name)
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not valid TOML: {error}", "fix that line") from error
    fields = content.get(name)
    if not isinstance(fields, dict):
        shown = ", ".join(content) or "none"
        raise UsageError(f"{file}: expected a scheme [{name}], got {shown}", f"add [{name}]")
    return make_scheme(name, fields, f"{file}: [{name}]")


def make_scheme(name: str, fields: Mapping[str, Any], location: str) -> LabelScheme:
    """A scheme from its fields; ``UsageError``, which names ``location``, for an invalid one."""
    if "name" in fields:
        raise UsageError(f"{location}: unknown key `name`", "the scheme is named by its table")
    try:
        return LabelScheme.model_validate({"name": name, **fields})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        known = ", ".join(f.alias or n for n, f in LabelScheme.model_fields.items() if n != "name")
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{location}: unknown key `{key}`", f"known keys: {known}") from error
        if key == "name":
            raise UsageError(
                f"expected the name of a labelling scheme, got {name!r}",
                "use letters, digits and . _ -, at most 100",
            ) from error
        problem = first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{location}: {f'`{key}`: ' if key else ''}{problem}", f"keys: {known}"
        ) from error
