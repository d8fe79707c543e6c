"""Parts of the OpenAPI document: errors by protocol, answers, references."""

from __future__ import annotations

import pytest

from serving.openapi.parts import COMPONENTS, errors, get, json_body, reference


@pytest.mark.parametrize("form", COMPONENTS)
def test_every_form_of_errors_is_described_where_it_is_referred_to(form):
    found = errors(form, "400", "503")
    for answer in found.values():
        schema = answer["content"]["application/json"]["schema"]
        assert schema == reference(form)
        assert schema["$ref"].rsplit("/", 1)[1] in COMPONENTS
    assert "Retry-After" in found["503"]["headers"]
    assert "headers" not in found["400"]


def test_a_status_without_a_reason_is_a_mistake_of_the_code():
    with pytest.raises(KeyError):
        errors("Error", "418")


def test_a_body_has_an_example_only_where_there_is_one():
    assert "example" not in json_body({}, None)["content"]["application/json"]
    assert json_body({}, 0)["content"]["application/json"]["example"] == 0


def test_a_document_is_an_object_unless_more_is_said():
    operation = get("tag", "summary")["get"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"type": "object"}
    assert set(operation["responses"]) == {"200", "503"}
