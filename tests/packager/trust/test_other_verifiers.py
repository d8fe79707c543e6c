"""Signatures in other people's tools: openssl, and the OMS verifier without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_packages import built
from signed_packages import new_key, signed_folder

from packager.image.merged_layers import copy_members
from packager.model.dsse import read_bundle
from packager.trust.statements import OMS

TOOL = Path(sys.executable).parent / "model_signing"
NO_NETWORK = ("unshare", "-r", "-n")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with keys, the OMS bundle ``oms.sig`` and the signed files in ``unpacked``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("signed")
        made = built(folder)
        images = made.images()
        bundles = signed_folder(folder / "oci", images, new_key(folder / "k"))
        new_key(folder / "o")
        for bundle in bundles:
            if json.loads(read_bundle(bundle).payload)["predicateType"] == OMS:
                (folder / "oms.sig").write_bytes(bundle)
        (folder / "first.sig").write_bytes(bundles[0])
        for entry in copy_members(images[0].layers):
            if entry.name.startswith(("code/", "models/", "package/")):
                path = folder / "unpacked" / entry.name
                if isinstance(entry.source, bytes):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(entry.source)
        yield folder


def without_network() -> tuple[str, ...]:
    done = subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False)
    return NO_NETWORK if done.returncode == 0 else ()


def oms(folder: Path, unpacked: Path, key: str = "k.pub") -> subprocess.CompletedProcess[str]:
    """What ``model_signing verify key`` says, without a network where that is allowed."""
    command = [
        *(*without_network(), str(TOOL), "verify", "key", str(unpacked)),
        *("--signature", str(folder / "oms.sig"), "--public_key", str(folder / key)),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.skipif(not TOOL.exists(), reason="model-signing is not installed")
def test_the_oms_verifier_accepts_the_files_and_names_what_differs(
    signed: Path, tmp_path: Path
) -> None:
    done = oms(signed, signed / "unpacked")
    assert done.returncode == 0, done.stderr
    assert "Verification succeeded" in done.stdout
    assert oms(signed, signed / "unpacked", "o.pub").returncode != 0
    for change, name in (
        ("flip", "models/model"),
        ("extra", "code/x.py"),
        ("gone", "code/train.py"),
    ):
        copy = tmp_path / change
        shutil.copytree(signed / "unpacked", copy)
        if change == "gone":
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(b"another")
        done = oms(signed, copy)
        assert done.returncode != 0
        assert name in done.stdout + done.stderr, done


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_the_signature_over_the_encoded_payload(
    signed: Path, tmp_path: Path
) -> None:
    envelope = read_bundle((signed / "first.sig").read_bytes())
    (tmp_path / "message").write_bytes(envelope.message)
    (tmp_path / "signature").write_bytes(envelope.signatures[0])
    command = [
        *("openssl", "dgst", "-sha256", "-verify", str(signed / "k.pub")),
        *("-signature", str(tmp_path / "signature"), str(tmp_path / "message")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "Verified OK"
    (tmp_path / "message").write_bytes(envelope.message + b" ")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
