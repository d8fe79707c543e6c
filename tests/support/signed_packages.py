"""Keys, and packages signed with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from built_packages import Built

from packager.image.config import Image
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.trust.keys import PrivateKey, PublicKey, create_key
from packager.trust.sign import sign_package
from packager.trust.statements import TestResult
from packager.trust.store import keep_bundles
from packager.trust.verify import Requirement, TrustReport
from packager.trust.whole_image import examined_facts, verify_package


def new_key(path: Path) -> PrivateKey:
    """A key without a password at ``path``."""
    create_key(path, b"")
    return PrivateKey.load(path, lambda: b"")


def signed_folder(
    folder: Path, images: Sequence[Image], key: PrivateKey, results: Sequence[TestResult] = ()
) -> list[bytes]:
    """Write ``images`` to an OCI folder and sign them; returns the bundles."""
    write_oci(images, folder)
    return sign_folder(folder, key, results)


def sign_folder(folder: Path, key: PrivateKey, results: Sequence[TestResult] = ()) -> list[bytes]:
    with open_reference(str(folder), None) as reference:
        bundles = sign_package(examined_facts(reference), key, results)
        keep_bundles(reference, bundles, key)
    return bundles


def verified(
    folder: Path, *keys: PublicKey, require: Sequence[Requirement] = (), more: Path | None = None
) -> TrustReport:
    """The verification of an OCI folder."""
    with open_reference(str(folder), None) as reference:
        return verify_package(reference, keys, require, more)


def wrong(report: TrustReport) -> dict[str, str]:
    """Failed links by name."""
    return {link.name: link.detail for link in report.links if link.status == "failed"}


def reindexed(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the index of an OCI folder."""
    path = folder / "index.json"
    index = json.loads(path.read_bytes())
    change(index)
    path.write_text(json.dumps(index))


def other_model(made: Built, folder: Path) -> Built:
    """The package of another version."""
    from trust_samples import layer_of

    manifest = made.manifest.model_copy(update={"version": "1.1.0"})
    files = {"package/manifest.json": manifest.dump()}
    with made.own[-1].members() as members:
        for info in members:
            if info.isreg() and info.name not in files:
                files[info.name] = members.content(info, 1 << 22)
    folder.mkdir(parents=True, exist_ok=True)
    package = layer_of(folder, "package", files)
    return Built(made.stack, made.lock, manifest, (*made.own[:-1], package))
