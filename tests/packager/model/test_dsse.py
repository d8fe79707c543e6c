"""Signed envelopes are read strictly: what is verified is what is parsed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from packager.model.dsse import (
    BUNDLE_TYPE,
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    pae,
    read_bundle,
    read_statement,
)


def bundle(**changes: Any) -> bytes:
    envelope = {
        "payload": base64.b64encode(b"{}").decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": "AQI="}],
    }
    envelope |= {name: value for name, value in changes.items() if name in envelope}
    whole = {"mediaType": BUNDLE_TYPE, "dsseEnvelope": envelope}
    return json.dumps(whole | {n: v for n, v in changes.items() if n in whole}).encode()


def test_the_encoding_that_is_signed_has_the_lengths() -> None:
    assert pae(b"hello") == b"DSSEv1 28 application/vnd.in-toto+json 5 hello"


def test_payload_and_signatures_of_a_bundle() -> None:
    found = read_bundle(bundle())
    assert (found.payload, found.signatures) == (b"{}", (b"\x01\x02",))
    assert found.message == pae(b"{}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mediaType": "application/json"}, "mediaType: expected .*bundle"),
        ({"payloadType": "text/plain"}, "expected a dsseEnvelope of application/vnd.in-toto"),
        ({"dsseEnvelope": None}, "expected a dsseEnvelope"),
        ({"signatures": []}, "expected 1 to 16 signatures"),
        ({"signatures": [{"sig": "AA=="}] * 17}, "expected 1 to 16 signatures"),
        ({"signatures": ["AA=="]}, "expected base64 text"),
        ({"payload": "AA=A"}, "expected base64: "),
        ({"payload": "é"}, "ASCII"),
    ],
)
def test_other_bundles_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_bundle(bundle(**changes))


def test_a_statement_says_that_it_is_one() -> None:
    assert read_statement(json.dumps({"_type": STATEMENT_TYPE}).encode())
    with pytest.raises(ValueError, match=r"_type: expected https://in-toto.io/Statement/v1"):
        read_statement(b'{"_type": "https://in-toto.io/Statement/v0.1"}')
