"""Validation of a request by AWS's own service models: unknown and missing keys are errors."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session
import botocore.validate


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def wrong_request(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """The refused parts of ``request``: keys, types, lengths, patterns, choices."""
    shape = _service(service).operation_model(operation).input_shape
    report = botocore.validate.ParamValidator().validate(request, shape)
    found = report.generate_report().splitlines() if report.has_errors() else []
    return [*found, *_wrong_values(request, shape, operation)]


def _wrong_values(value: Any, shape: Any, at: str) -> list[str]:
    """Checks that botocore leaves to the service: choices, patterns and bounds."""
    if shape.type_name == "structure":
        known = shape.members
        parts = [(name, part, known[name]) for name, part in value.items() if name in known]
        return [one for name, part, kind in parts for one in _wrong_values(part, kind, name)]
    if shape.type_name == "list":
        return [one for part in value for one in _wrong_values(part, shape.member, at)]
    if shape.type_name == "map":
        return [one for part in value.values() for one in _wrong_values(part, shape.value, at)]
    size = len(value) if isinstance(value, str) else value
    facts = shape.metadata
    wrong = []
    if getattr(shape, "enum", None) and value not in shape.enum:
        wrong.append(f"{at}: {value!r} is none of its choices")
    if not facts.get("min", size) <= size <= facts.get("max", size):
        wrong.append(f"{at}: {value!r} is out of bounds")
    pattern = facts.get("pattern", "")
    # Python has no classes of Unicode, and no ranges of pairs of surrogates.
    if not re.search(r"\\[pu]", pattern) and pattern and not re.fullmatch(pattern, value):
        wrong.append(f"{at}: {value!r} does not match {pattern}")
    return wrong
