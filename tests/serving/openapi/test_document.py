"""The OpenAPI document describes the server's behaviour, for every kind of column and package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from serving_helpers import Package, Server, diamonds, diamonds_schema, make_manifest

from packager.data.rows.request_rows import RowError, check_rows
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest, Schema, Serve
from packager.manifest.outputs import Output
from packager.manifest.solution import Solution
from serving.openapi import document as openapi
from serving.protocols import registry

ROW = {"carat": 0.5, "color": "E", "tables": 55}
GOLDEN = Golden(rows=(ROW,), expected=({"prediction": "Ideal", "probabilities": {}},))
COLUMNS = (
    Column(name="number", kind="number", dtype="float64", nullable=True, minimum=0.5, maximum=9),
    Column(name="integer", kind="integer", dtype="int8", nullable=False, minimum=1, maximum=5),
    Column(name="boolean", kind="boolean", dtype="bool", nullable=False),
    Column(name="text", kind="string", dtype="str", nullable=False, categories=("a", "b")),
    Column(name="free", kind="string", dtype="str", nullable=True),
    Column(name="naive", kind="datetime", dtype="datetime64[ns]", nullable=True),
    Column(name="aware", kind="datetime", dtype="datetime64[us, UTC]", nullable=True),
    Column(name="any", kind="any", dtype="object", nullable=True),
)
GOOD = {
    "number": 1.5,
    "integer": 2,
    "boolean": True,
    "text": "a",
    "free": "x",
    "naive": "2024-01-31T10:00:00",
    "aware": "2024-01-31T10:00:00.5+01:00",
    "any": 5,
}
VALUES = (
    *(None, True, 0, 1, 3, 7, 200, 1.5, 100.0, 2**70, "a", "b", "c", "", [], {}),
    *("2024-01-31", "2024-01-31T10:00", "2024-01-31T10:00:00Z", "2024-01-31 10:00:00.123456789"),
)


def manifest(**changed: Any) -> Manifest:
    return make_manifest(diamonds_schema(diamonds()), **changed)


def kinds(*, strict: bool) -> Manifest:
    serve = Serve(predictor="auto", compile="off", workers=1, strict=strict)
    return make_manifest(Schema(features=COLUMNS, classes=(0, 1)), serve=serve)


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    """Of one of the document's schemas."""
    components = {"components": document["components"]}
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **components})


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    paths = document["paths"].items()
    return [(path, operation) for path, methods in paths for operation in methods.values()]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", list(GOOD))
def test_a_rows_schema_takes_exactly_what_the_server_takes(name: str, strict: bool) -> None:
    package = kinds(strict=strict)
    described = validator(openapi.document(package, None), "Row")
    assert described.is_valid(GOOD)
    for value in VALUES:
        row = {**GOOD, name: value}
        try:
            check_rows([row], package.schema_, strict=strict)
        except RowError:
            assert not described.is_valid(row), value
        else:
            assert described.is_valid(row), value


def test_columns_that_are_absent_or_unknown_are_no_row() -> None:
    described = validator(openapi.document(manifest(), None), "Row")
    assert described.is_valid(ROW)
    assert described.is_valid({**ROW, "shop": None})
    assert described.is_valid({**ROW, "price": 1})
    assert not described.is_valid({"carat": 1, "color": "E"})
    serve = Serve(predictor="auto", compile="off", workers=1, strict=False, extra_columns="refuse")
    described = validator(openapi.document(manifest(serve=serve), None), "Row")
    assert described.is_valid({**ROW, "cut": "Ideal"})
    assert not described.is_valid({**ROW, "price": 1})


def test_training_values_are_described_and_bind_only_strict_models() -> None:
    row = openapi.document(manifest(), GOLDEN)["components"]["schemas"]["Row"]["properties"]
    assert "In training: D, E, F, G. Others, and null, are predicted" in row["color"]["description"]
    assert row["color"]["x-training"] == {"values": ["D", "E", "F", "G"]}
    assert row["tables"]["x-training"] == {"minimum": 50, "maximum": 59}
    assert row["carat"]["examples"] == [0.5]
    assert "enum" not in row["color"]
    serve = Serve(predictor="auto", compile="off", workers=1, strict=True)
    strict = openapi.document(manifest(serve=serve), GOLDEN)["components"]["schemas"]["Row"]
    assert strict["properties"]["color"]["enum"] == ["D", "E", "F", "G"]
    assert strict["properties"]["tables"]["maximum"] == 59


def test_many_categories_are_reported_in_part() -> None:
    column = COLUMNS[3].model_copy(update={"categories": tuple(f"c{n}" for n in range(60))})
    document = openapi.document(make_manifest(Schema(features=(column,))), None)
    told = document["components"]["schemas"]["Row"]["properties"]["text"]
    assert "c49 and 10 more" in told["description"]
    assert len(told["x-training"]["values"]) == 50


def test_every_route_is_described_and_every_reference_leads_somewhere() -> None:
    document = openapi.document(manifest(), GOLDEN, feedback=True)
    ours = {*registry.protocol_adapters(manifest()), *registry.documents(manifest(), GOLDEN)}
    assert ours | {"/predict", "/feedback", "/schema", "/package"} <= set(document["paths"])
    for target in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        meta.validate(document["components"]["schemas"][target])


def test_every_request_example_is_valid() -> None:
    document = openapi.document(manifest(), GOLDEN)
    seen = 0
    for _, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        described = content.get("application/json", {})
        examples = [one["value"] for one in described.get("examples", {}).values()]
        for example in [*examples, *([described["example"]] if "example" in described else [])]:
            schema = {**described["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(example)
            seen += 1
    assert seen == 8


def test_errors_have_the_form_of_their_routes_protocol() -> None:
    document = openapi.document(manifest(), GOLDEN, feedback=True)
    for path, operation in operations(document):
        form = (
            "V2Error"
            if path.startswith("/v2")
            else "V1Error"
            if path.startswith("/v1")
            else "InvocationsError"
            if path in ("/invocations", "/ping")
            else "Error"
        )
        for status, response in operation["responses"].items():
            content = response["content"]
            if status >= "400" and "application/json" in content:
                schema = content["application/json"]["schema"]
                assert schema == {"$ref": f"#/components/schemas/{form}"}, path


def test_a_key_is_documented_if_the_server_requires_one() -> None:
    def asking(**options: bool) -> set[str]:
        found = openapi.document(manifest(), GOLDEN, **options)
        closed = {path for path, operation in operations(found) if "security" in operation}
        assert all("401" in one["responses"] for _, one in operations(found) if "security" in one)
        return closed

    assert asking() == set()
    assert "securitySchemes" not in openapi.document(manifest(), GOLDEN)["components"]
    assert asking(metrics_keyed=True) == {"/metrics"}
    keyed = asking(keyed=True)
    assert {"/predict", "/invocations", "/schema"} <= keyed
    assert keyed.isdisjoint({"/metrics", "/readyz", "/ping", "/v2/health/live"})


def test_only_a_solution_has_the_flag_of_a_member_without_an_answer() -> None:
    def flags(**changes: Any) -> str:
        made = make_manifest(Schema(features=COLUMNS), task="regression", **changes)
        answer = openapi.document(made, None)["components"]["schemas"]["Answer"]
        return str(answer["properties"]["flags"]["description"])

    assert "no_answer" not in flags()
    solution = Solution.model_construct(flow="flow:run", members=())
    assert flags(solution=solution).endswith(", `member:no_answer`.")


def test_a_regression_answers_numbers() -> None:
    schemas = openapi.document(make_manifest(Schema(features=COLUMNS), task="regression"), None)
    answer = validator(schemas, "Answer")
    assert answer.is_valid({"prediction": 1.5, "flags": []})
    assert answer.is_valid({"prediction": None, "flags": []})
    assert not answer.is_valid({"prediction": "a", "flags": []})
    assert not answer.is_valid({"prediction": 1.5, "flags": [1]})


def test_the_page_loads_nothing_from_elsewhere() -> None:
    assert b"//" not in openapi.PAGE


@pytest.mark.server
def test_the_documents_own_examples_are_answered_as_it_says(
    server: Server, package: Package
) -> None:
    document = server.get("/docs.json").json
    for path, operation in operations(document):
        if "requestBody" not in operation:
            reply = server.get(path)
        else:
            described = operation["requestBody"]["content"]["application/json"]
            examples = described.get("examples")
            told = next(iter(examples.values()))["value"] if examples else None
            body = told or described.get("example", {})
            connection_body = json.dumps(body).encode()
            reply = server.request("POST", path, connection_body, "application/json")
        assert reply.status == 200, path
        content = operation["responses"]["200"]["content"]
        media = reply.headers["content-type"].partition(";")[0]
        assert media in content, path
        if media == "application/json":
            schema = {**content[media]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(reply.json)


def test_a_document_holds_what_generators_of_clients_need() -> None:
    """They refuse arrays without ``items``, and enumerations of several types."""
    outputs = (
        Output(name="flag", kind="label", classes=(False, True)),
        Output(name="odd", kind="label", classes=("a", 1, True)),
        Output(name="vector", kind="array"),
        Output(name="days", kind="quantiles", levels=(0.1, 0.9), shape=(2,)),
    )
    features = (
        Column(
            name="pixels", kind="array", dtype="object", nullable=False, shape=(2,), element="uint8"
        ),
        Column(name="tags", kind="list", dtype="object", nullable=True, element="string"),
    )
    schema = Schema(features=features, outputs=outputs)
    described = manifest().model_copy(update={"schema_": schema, "task": "outputs"})
    for one in _schemas(openapi.document(described, None, feedback=True)):
        assert "array" not in one.get("type", ()) or "items" in one
        kinds = {type(value) for value in one.get("enum", ()) if value is not None}
        assert len(kinds) <= 1, one


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document that may be a schema."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str | list) or "enum" in value:
            yield value
        for inner in value.values():
            yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)
