"""Signatures in other people's tools: openssl, sigstore's library, the OMS verifier offline."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_packages import built
from npm_packages import npm_installed
from signed_packages import new_key, signed_folder

from packager.image.layer_entries import copy_members
from packager.model.dsse import read_bundle
from packager.trust.envelope import as_lines
from packager.trust.statements import OMS

pytestmark = pytest.mark.slow

TOOL = Path(sys.executable).parent / "model_signing"
NO_NETWORK = ("unshare", "-r", "-n")
SIGSTORE = """
import { readFileSync } from 'node:fs';
import { createHash, createPublicKey } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
const [file, pem] = process.argv.slice(2).map((name) => readFileSync(name));
const id = createHash('sha256').update(pem).digest('hex');
const keys = (hint) => {
  if (hint !== id) throw new Error(`another key: ${hint}`);
  return { publicKey: createPublicKey(pem), validFor: () => true };
};
const none = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const limits = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };
const verifier = new Verifier(toTrustMaterial(none, keys), limits);
for (const line of file.toString().trim().split('\\n')) {
  verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(line))));
}
console.log('verified');
"""


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
        (folder / "all.jsonl").write_bytes(as_lines(bundles))
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


@pytest.mark.network
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_library_of_sigstore_verifies_every_bundle(signed: Path, tmp_path: Path) -> None:
    npm_installed(tmp_path, "@sigstore/verify@3", "@sigstore/bundle@4")
    (tmp_path / "verify.mjs").write_text(SIGSTORE)

    def run(file: Path, key: str) -> subprocess.CompletedProcess[str]:
        command = [*without_network(), "node", "verify.mjs", str(file), str(signed / key)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run(signed / "all.jsonl", "k.pub")
    assert done.stdout == "verified\n", done.stderr
    assert "another key" in run(signed / "all.jsonl", "o.pub").stderr
    for number, line in enumerate((signed / "all.jsonl").read_bytes().splitlines()):
        bundle = json.loads(line)
        payload = bytearray(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        payload[-2] ^= 1
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        (tmp_path / f"{number}.json").write_text(json.dumps(bundle))
        done = run(tmp_path / f"{number}.json", "k.pub")
        assert "signature verification failed" in done.stderr, done
