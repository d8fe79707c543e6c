"""The page of routes: the OpenAPI document that a server makes of a package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reference_parts.sample import NAME, golden, sample
from reference_parts.tables import code, page, table
from serving.openapi.document import document
from serving.openapi.parts import COMPONENTS

INTRODUCTION = (
    "The routes of a server, from the OpenAPI 3.1 document that it answers at `/docs.json` (as a"
    " page: `/docs`). NAME stands for the package's name and VERSION for its tag; the examples are"
    " for a model with one input, `carat`. The document of a server has the schema of its own"
    " model's rows and answers. [serving.md](../serving.md) has"
    " the rules, the bounds and the settings, [protocols.md](../protocols.md) the protocols; the"
    " issue tracker's routes are in [issues-service.md](../issues-service.md)."
)
FEEDBACK = (
    "`/feedback`, and the tokens in answers, exist only where"
    " [labels are collected](../monitoring.md#feedback-labels-that-come-late). Routes with a key"
    " require one where the server has keys, `/metrics` unless that is switched off."
)
ERRORS = {
    "Error": "of the package's own routes",
    "V1Error": "of routes below `/v1`",
    "V2Error": "of routes below `/v2`",
    "InvocationsError": "of `/invocations` and `/ping`",
}


def http_page() -> str:
    """The page."""
    manifest = sample()
    described = document(manifest, golden(), keyed=True, metrics_keyed=True, feedback=True)
    operations = [
        (method.upper(), shown(path, manifest.tag), operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    overview = [
        (code(f"{method} {path}"), operation["summary"], key(operation))
        for method, path, operation in operations
    ]
    details = [
        part
        for method, path, operation in operations
        if method == "POST"
        for part in (f"### {method} {path}", *details_of(operation))
    ]
    return page(
        "HTTP routes",
        INTRODUCTION,
        FEEDBACK,
        table(("route", "what it answers", "key"), overview),
        "## Requests",
        *details,
        "## Status codes",
        table(("status", "meaning", "routes"), statuses(operations)),
        "## Errors",
        "A body in one of these forms; Retry-After comes with 503.",
        table(("form", "where", "keys"), [error(name) for name in COMPONENTS]),
    )


def shown(path: str, tag: str) -> str:
    """A path with the words that stand for the package's."""
    return path.replace(tag, "VERSION").replace(f"/models/{NAME.lower()}", f"/models/{NAME}")


def key(operation: Mapping[str, Any]) -> str:
    """Whether a route requires a key."""
    return "yes" if operation.get("security") else "no"


def details_of(operation: Mapping[str, Any]) -> list[str]:
    """The description of a request to a route."""
    lines = [f"{operation['summary']}. {operation.get('description', '')}".strip()]
    for parameter in operation.get("parameters", ()):
        lines.append(f"- {parameter['in']} `{parameter['name']}`")
    contents = operation["requestBody"]["content"]
    types = ", ".join(code(name) for name in contents)
    lines.append(f"Body: {types}. For example:")
    example = contents["application/json"].get("example")
    if example is None:
        lines[-1] = f"Body: {types}."
    else:
        lines.append(f"```json\n{json.dumps(example, ensure_ascii=False)}\n```")
    return lines


def statuses(
    operations: list[tuple[str, str, Mapping[str, Any]]],
) -> list[tuple[str, str, str]]:
    """Each status code but 200 with its meaning, and how many routes answer it."""
    meanings: dict[tuple[str, str], list[str]] = {}
    for _, path, operation in operations:
        for status, answer in operation["responses"].items():
            if status != "200":
                meanings.setdefault((status, answer["description"]), []).append(path)
    every = len({path for _, path, _ in operations})
    return [
        (status, meaning, "all" if len(paths) == every else ", ".join(map(code, paths)))
        for (status, meaning), paths in sorted(meanings.items())
    ]


def error(name: str) -> tuple[str, str, str]:
    """A row of the table of errors."""
    schema = COMPONENTS[name]
    form = json.dumps(skeleton(schema), ensure_ascii=False)
    inner = schema["properties"].get("error", {}).get("properties", schema["properties"])
    required = schema["properties"].get("error", {}).get("required", schema["required"])
    optional = [key for key in inner if key not in required]
    told = f"may lack {', '.join(map(code, optional))}" if optional else "always all"
    return code(form), ERRORS[name], told


def skeleton(schema: Mapping[str, Any]) -> Any:
    """An object with the keys of a schema."""
    if schema["type"] == "object":
        return {name: skeleton(one) for name, one in schema["properties"].items()}
    return 0 if schema["type"] == "integer" else "…"
