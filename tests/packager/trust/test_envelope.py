"""Statements are signed to equal bytes, and only given keys count."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from signed_packages import new_key

from packager.model.dsse import pae, read_bundle
from packager.trust.envelope import (
    as_lines,
    classic_signature,
    signed_bundle,
    verified_statement,
)
from packager.trust.statements import COSIGN, cosign_statement

SAID = cosign_statement("1" * 64)


def test_equal_statements_give_equal_bytes(tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    assert signed_bundle(SAID, key) == signed_bundle(cosign_statement("1" * 64), key)
    assert b"\n" not in signed_bundle(SAID, key)


def test_the_statement_of_a_given_key(tmp_path: Path) -> None:
    key, other = new_key(tmp_path / "k"), new_key(tmp_path / "o")
    bundle = signed_bundle(SAID, key)
    found = verified_statement(bundle, [other.public, key.public])
    assert found is not None
    assert (found.key_id, found.statement) == (key.public.key_id, SAID)
    assert verified_statement(bundle, [other.public]) is None
    assert verified_statement(bundle, []) is None


def test_a_hint_does_not_make_a_key_trusted(tmp_path: Path) -> None:
    key, other = new_key(tmp_path / "k"), new_key(tmp_path / "o")
    told = json.loads(signed_bundle(SAID, other))
    told["verificationMaterial"]["publicKey"] = {
        "hint": key.public.key_id,
        "rawBytes": base64.b64encode(other.public.pem).decode(),
    }
    told["dsseEnvelope"]["signatures"][0]["keyid"] = key.public.key_id
    assert verified_statement(json.dumps(told).encode(), [key.public]) is None


def test_a_payload_encoded_again_is_not_the_signed_one(tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    told = json.loads(signed_bundle(SAID, key))
    said = json.loads(base64.b64decode(told["dsseEnvelope"]["payload"]))
    told["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(said).encode()).decode()
    assert verified_statement(json.dumps(told).encode(), [key.public]) is None


def test_a_signed_document_of_another_kind_is_an_error(tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    for payload in (b"{}", b'{"_type": "https://in-toto.io/Statement/v1", "_type": "x"}', b"hi"):
        told = json.loads(signed_bundle(SAID, key))
        told["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        signature = base64.b64encode(key.sign(pae(payload))).decode()
        told["dsseEnvelope"]["signatures"] = [{"sig": signature}]
        with pytest.raises(ValueError, match=r"_type|twice|Expecting"):
            verified_statement(json.dumps(told).encode(), [key.public])


def test_the_classic_signature_is_over_the_payload_itself(tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    payload, signature = classic_signature("host/shop", f"sha256:{'1' * 64}", key)
    assert json.loads(payload) == {
        "critical": {
            "identity": {"docker-reference": "host/shop"},
            "image": {"docker-manifest-digest": f"sha256:{'1' * 64}"},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    assert key.public.verifies(base64.b64decode(signature), payload)


def test_bundles_are_lines(tmp_path: Path) -> None:
    bundle = signed_bundle(SAID, new_key(tmp_path / "k"))
    assert as_lines([bundle, bundle]).splitlines() == [bundle, bundle]
    assert json.loads(read_bundle(bundle).payload)["predicateType"] == COSIGN
