"""Comparisons of an examined image with signed statements: name, whether it holds, and what was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from packager.manifest.manifest import DataSource
from packager.manifest.platform import PROOFS
from packager.trust.facts import ROOT_FILE, PackageFacts, wrong_checks
from packager.trust.provenance import Provenance, data_dependencies
from packager.trust.statements import ModelSignature, PackageBinding, Statement

Comparison = tuple[str, bool, str]
MAX_NAMED = 3


def image_links(
    facts: PackageFacts, statement: Statement, binding: PackageBinding
) -> Iterator[Comparison]:
    """Manifest digest, config digest, root and platform of the image."""
    digest, own = facts.manifest_digest, facts.binding
    named = digest is not None and statement.names(digest.removeprefix("sha256:"))
    if digest is not None and (named or facts.stored):
        signed = ", ".join(
            (one.digest or {}).get("sha256", "none") for one in statement.subject[:1]
        )
        yield "image", named, digest if named else f"expected sha256:{signed} signed, got {digest}"
    else:
        # The config names every layer by the digest of its uncompressed bytes.
        yield "image", True, "stored in another form than was signed; its config is the signed one"
    for name, expected, actual in (
        ("config", binding.config_digest, own.config_digest),
        ("root", binding.root, own.root),
        ("package", f"{binding.name} {binding.version}", f"{own.name} {own.version}"),
        ("platform", binding.platform, own.platform),
    ):
        same = expected == actual
        text = f"{actual}{_proof(facts)}" if name == "platform" else actual
        yield name, same, text if same else f"expected {expected} signed, got {actual}"


def _proof(facts: PackageFacts) -> str:
    """What the manifest says of the comparison of answers on the image's platform."""
    described = facts.manifest.platforms.get(facts.binding.platform)
    return f", {PROOFS[described.proved_on]}" if described else ""


def content_links(facts: PackageFacts) -> Iterator[Comparison]:
    """All layers against the manifest: one link, or one for each of the first that differ."""
    if not facts.checks:
        return
    named = wrong_checks(facts.checks)
    if not named:
        yield "contents", True, f"{len(facts.checks)} comparisons of layers, files and settings"
        return
    for check in named[:MAX_NAMED]:
        yield check.name, False, f"expected {check.expected}, got {check.actual}"
    if len(named) > MAX_NAMED:
        yield "contents", False, f"and {len(named) - MAX_NAMED} more that differ"


def model_link(facts: PackageFacts, statements: Sequence[Statement]) -> Comparison:
    """The files of model, code and package against an OMS signature of them.

    If no layer was read, the files that the manifest records.
    """
    own = _recorded_files(facts) if facts.files is None else facts.files
    first = ""
    for statement in statements:
        try:
            signed = ModelSignature.model_validate(statement.predicate)
        except ValidationError:
            first = first or "expected the predicate of OMS v1.0, got another one"
            continue
        resources = {resource.name: resource.digest for resource in signed.resources}
        # Of files that were not read the manifest records those that matter; an image has more.
        names = own.keys() if facts.files is None else resources.keys() | own.keys()
        wrong = sorted(n for n in names if resources.get(n) != own.get(n))
        if not wrong:
            return "model", True, f"{len(resources)} files of models, code and package, by OMS"
        name = wrong[0]
        expected, actual = (tree.get(name, "no such file") for tree in (resources, own))
        first = first or f"{name}: expected {expected} signed, got {actual}"
    return "model", False, first


def _recorded_files(facts: PackageFacts) -> dict[str, str]:
    """Path below ``/`` → sha256 of the files that the manifest records, and of itself."""
    manifest = facts.manifest
    trees = {
        "code": manifest.code,
        "models": manifest.model,
        "package": manifest.package_files(facts.binding.platform),
    }
    digests = {f"{top}/{one.path}": one.sha256 for top, tree in trees.items() for one in tree}
    return {**digests, ROOT_FILE: facts.binding.root}


def data_link(facts: PackageFacts, binding: PackageBinding) -> Comparison:
    """The fingerprint of the training data."""
    expected, actual = binding.data_fingerprint, facts.binding.data_fingerprint
    if expected != actual:
        return "data", False, f"expected {expected or 'none'} signed, got {actual or 'none'}"
    data = facts.manifest.data
    if not isinstance(data, DataSource):
        return "data", True, "none: the model was trained elsewhere"
    table = f", {data.table.table}@{data.table.version}" if data.table else ""
    files = f"{len(data.files)} files{table}" if len(data.files) > 1 else data.files[0].path + table
    return "data", True, f"{files}, {data.train_rows:,} rows, fingerprint {data.fingerprint}"


def companion_link(facts: PackageFacts, binding: PackageBinding) -> Comparison:
    """The companion's config digest; a companion may be kept elsewhere."""
    expected, actual = binding.companion, facts.binding.companion
    if actual is not None and expected != actual:
        return "companion", False, f"expected {expected or 'none'} signed, got {actual}"
    if actual is not None:
        return "companion", True, actual
    return "companion", True, f"not here; {expected} was signed" if expected else "none"


def provenance_link(facts: PackageFacts, statements: Sequence[Statement]) -> Comparison:
    """Data, wheels and code of the manifest and the lock against the signed dependencies."""
    first = ""
    own = {
        dependency.name or "": (dependency.digest or {}).get("sha256", "")
        for dependency in data_dependencies(facts.manifest)
    }
    own |= {wheel.filename: wheel.sha256 for wheel in facts.lock.wheels}
    own |= {f"code/{entry.path}": entry.sha256 for entry in facts.manifest.code}
    for statement in statements:
        try:
            signed = Provenance.model_validate(statement.predicate).dependencies()
        except ValidationError:
            first = first or "expected SLSA provenance v1, got another predicate"
            continue
        wrong = sorted(name for name, digest in own.items() if signed.get(name) != digest)
        if not wrong:
            return (
                "provenance",
                True,
                f"{len(signed)} dependencies, {len(own)} of them in this image",
            )
        name = wrong[0]
        first = first or (f"{name}: expected {signed.get(name, 'nothing')} signed, got {own[name]}")
    return "provenance", False, first
