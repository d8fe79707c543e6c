"""Verification of a whole image, by reading every layer of it: ``package verify`` and ``sign``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from packager.digest import CHUNK
from packager.image.config import Image
from packager.image.file_list import layer_listing
from packager.image.layers import Layer
from packager.image.reference import Reference
from packager.model.integrity import IntegrityCheck
from packager.trust.facts import PackageFacts, read_facts, signed_files
from packager.trust.keys import PublicKey
from packager.trust.sbom import bill_of_materials
from packager.trust.store import stored_bundles
from packager.trust.stored_layers import stored_checks
from packager.trust.verified import compared
from packager.trust.verify import Requirement, TrustReport, verify


def verify_package(
    reference: Reference,
    keys: Sequence[PublicKey],
    require: Sequence[Requirement],
    signatures: Path | None,
) -> TrustReport:
    """Verify ``reference`` down to each file, by reading every layer; nothing of it runs.

    ``signatures``: a file of bundles, beside those that are kept with the image.
    """
    broken: list[str] = []
    bundles = stored_bundles(reference, signatures, broken.append)
    return verify(examined_facts(reference), bundles, keys, require, broken)


def examined_facts(reference: Reference) -> PackageFacts:
    """Read and compare every layer of ``reference``; damaged layers are failed checks."""
    as_found, damaged = _as_found(reference)
    checks, files = compared(as_found, companion=True)
    checks = list(_in_layers(as_found, checks))
    # A layer is wrong because of a file, which says more; unless it is one of the base.
    named = {check.name.partition(": file /")[0] for check in checks if not check.ok}
    checks += [check for check in damaged if check.name not in named]
    return replace(
        read_facts(as_found),
        files=signed_files(files.image),
        checks=tuple(checks),
        bill=partial(bill_of_materials, as_found),
    )


def _in_layers(reference: Reference, checks: Sequence[IntegrityCheck]) -> Iterator[IntegrityCheck]:
    """``checks``, those of a wrong file with the layer that it is in."""
    layers: dict[str, str] = {}
    if not all(check.ok for check in checks):
        for layer in reference.stored_image(companion=True).layers:
            layers |= dict.fromkeys(layer_listing(layer, verified=True), layer.name)
    for check in checks:
        path = check.name.partition("file /")[2]
        if check.ok or not path or path not in layers:
            yield check
        else:
            yield check.model_copy(update={"name": f"layer {layers[path]}: file /{path}"})


def _as_found(reference: Reference) -> tuple[Reference, list[IntegrityCheck]]:
    """``reference`` with layers as they are, and a failed check for each that is not its config's.

    So the comparison can say which file differs, instead of which layer alone. The images are read
    once, because an engine has to write each of them out.
    """
    images: dict[bool, Image] = {}
    damaged: dict[str, IntegrityCheck] = {}
    known: dict[tuple[Path, int, int], str] = {}
    for companion in (False, True) if reference.has_companion else (False,):
        image = reference.stored_image(companion=companion)
        layers = []
        for layer in (one.fetched() for one in image.layers):
            layer_key = (layer.path, layer.offset, layer.size)
            if layer_key not in known:
                known[layer_key] = _digest(layer)
            actual = known[layer_key]
            if actual != layer.diff_id:
                damaged[layer.diff_id] = IntegrityCheck(
                    name=f"layer {layer.name}", expected=layer.diff_id, actual=actual, ok=False
                )
            layers.append(replace(layer, diff_id=actual))
        damaged |= {check.name: check for check in stored_checks(reference, image)}
        images[companion] = replace(image, layers=tuple(layers))
    return replace(reference, _image=images.__getitem__), list(damaged.values())


def _digest(layer: Layer) -> str:
    """``sha256:…`` of its bytes, whatever it should be."""
    digest = hashlib.sha256()
    with layer.open() as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
