"""Verification: from signatures to the bytes of an image, link by link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from pydantic import ValidationError

from packager.manifest.base import FrozenModel
from packager.model.dsse import PACKAGE
from packager.trust.envelope import SignedStatement, verified_statement
from packager.trust.facts import PackageFacts
from packager.trust.index_link import index_link
from packager.trust.keys import PublicKey
from packager.trust.links import (
    Comparison,
    companion_link,
    content_links,
    data_link,
    image_links,
    model_link,
    provenance_link,
)
from packager.trust.measured import DATA_CHECK, DATA_TEST, REPLAY
from packager.trust.sbom_comparison import bill_link
from packager.trust.statements import (
    INDEX,
    OMS,
    PROVENANCE,
    SBOM,
    TEST_RESULT,
    PackageBinding,
    Statement,
    TestResult,
)

Requirement = Literal["model", "provenance", "sbom", "replay", "data-check", "test", "index"]
"""A statement that can be demanded beside the binding of image and package."""
KIND = {"replay": REPLAY, "data-check": DATA_CHECK, "test": DATA_TEST}
"""Requirement → name of the kind of test result."""
OF_ONE_IMAGE = ("replay", "test")
"""Measurements with the image of one platform, which prove nothing about the others."""


class TrustLink(FrozenModel):
    """One link of the chain from a key to the bytes of an image."""

    name: str
    status: Literal["ok", "failed", "warned", "absent"]
    """Of what is not required: ``warned``, a bad result was signed; ``absent``, nothing was."""
    detail: str


class TrustReport(FrozenModel):
    """Result of a verification."""

    reference: str
    root: str
    """Package root, computed from the manifest in the image."""
    key_ids: tuple[str, ...]
    """The given keys that signed the package."""
    links: tuple[TrustLink, ...]

    @property
    def verified(self) -> bool:
        """Whether no link failed."""
        return all(link.status != "failed" for link in self.links)

    @property
    def first_wrong(self) -> TrustLink | None:
        """The first link that failed."""
        return next((link for link in self.links if link.status == "failed"), None)


@dataclass
class SignedSet:
    """The statements that given keys signed, and what became of the other bundles."""

    statements: list[SignedStatement] = field(default_factory=list)
    other_keys: int = 0
    broken: list[str] = field(default_factory=list)
    """Why bundles could not be read."""

    @classmethod
    def of(cls, bundles: Iterable[bytes], keys: Sequence[PublicKey]) -> SignedSet:
        """Verify every bundle by ``keys`` alone."""
        signed_set = cls()
        for bundle in bundles:
            try:
                signed = verified_statement(bundle, keys)
            except (ValueError, RecursionError) as error:
                signed_set.broken.append(_short(error))
                continue
            if signed is None:
                signed_set.other_keys += 1
            else:
                signed_set.statements.append(signed)
        return signed_set

    def of_type(self, predicate_type: str) -> list[Statement]:
        """The statements of one predicate."""
        return [
            statement.statement
            for statement in self.statements
            if statement.statement.predicate_type == predicate_type
        ]


def verify(
    facts: PackageFacts,
    bundles: Iterable[bytes],
    keys: Sequence[PublicKey],
    require: Sequence[Requirement] = (),
    broken: Sequence[str] = (),
) -> TrustReport:
    """The chain from ``keys`` to the bytes of ``facts``; ``require`` demands statements.

    ``broken``: why attachments were passed over, before ``bundles`` were read.
    """
    signed = SignedSet.of(bundles, keys)
    signed.broken[:0] = broken
    bindings = [
        (one.key_id, one.statement, binding)
        for one in signed.statements
        if one.statement.predicate_type == PACKAGE and (binding := _binding(one.statement))
    ]
    ours = [one for one in bindings if one[2].root == facts.binding.root]
    links = [_signature_link(facts, signed, [binding for _, _, binding in bindings], bool(ours))]
    if ours:
        # A key may have signed another form of this package, such as a compressed one.
        chains = [_chain(facts, statement, binding) for _, statement, binding in ours]
        image, checks = min(chains, key=lambda one: sum(not ok for _, ok, _ in chain(*one)))
        links += _links(image)
        links += _index_links(facts, signed, "index" in require)
    links += _links(content_links(facts))
    if ours:
        links += _links(checks)
        measured = _of_images(
            _about(facts, signed.of_type(TEST_RESULT)),
            [one for _, one, binding in ours if binding.platform == facts.binding.platform],
        )
        links += [*_statement_links(facts, signed, require, measured)]
    key_ids = tuple(dict.fromkeys(key_id for key_id, _, _ in ours))
    return TrustReport(
        reference=facts.name, root=facts.binding.root, key_ids=key_ids, links=tuple(links)
    )


def _index_links(facts: PackageFacts, signed: SignedSet, required: bool) -> Iterator[TrustLink]:
    """The link of the index that led to the image, if one did."""
    if facts.index is None:
        if required:
            yield _absent("index", "no index led to this image", required)
        return
    statements = _about(facts, signed.of_type(INDEX))
    if statements:
        yield from _links([index_link(facts.index, facts.binding.root, statements)])
    else:
        yield _absent("index", f"none signed of {facts.index.descriptor.digest}", required)


def _chain(
    facts: PackageFacts, statement: Statement, binding: PackageBinding
) -> tuple[list[Comparison], list[Comparison]]:
    """The links of the image, and those of data and companion, by one binding."""
    links = [data_link(facts, binding), companion_link(facts, binding)]
    return list(image_links(facts, statement, binding)), links


def _signature_link(
    facts: PackageFacts, signed: SignedSet, bindings: Sequence[PackageBinding], ours: bool
) -> TrustLink:
    others = f"; {signed.other_keys} of other keys are passed over" if signed.other_keys else ""
    broken = f"; {len(signed.broken)} unreadable: {signed.broken[0]}" if signed.broken else ""
    if ours:
        ids = ", ".join(dict.fromkeys(statement.key_id[:16] for statement in signed.statements))
        detail = f"key {ids} signed {len(signed.statements)} statements"
        return TrustLink(name="signature", status="ok", detail=f"{detail}{others}{broken}")
    if bindings:
        other = bindings[0]
        detail = (
            f"expected a signature of the package root {facts.binding.root}, got one of "
            f"{other.name} {other.version}, root {other.root}"
        )
    else:
        detail = f"expected a signature of the package by the key given, got none{others}"
    return TrustLink(name="signature", status="failed", detail=f"{detail}{broken}")


def _of_images(results: Sequence[Statement], bindings: Sequence[Statement]) -> Sequence[Statement]:
    """The ``results`` about an image that one of ``bindings`` is about.

    The images of all platforms have one root, and may be stored in several forms.
    """
    images = {str((binding.subject[0].digest or {}).get("sha256")) for binding in bindings}
    return [result for result in results if any(result.names(image) for image in images)]


def _statement_links(
    facts: PackageFacts,
    signed: SignedSet,
    require: Sequence[Requirement],
    measured: Sequence[Statement],
) -> Iterator[TrustLink]:
    """Links of the statements about this package; those of other subjects are not counted.

    ``measured``: the test results about an image for this platform.
    """
    of_model = signed.of_type(OMS)
    if of_model:
        yield from _links([model_link(facts, of_model)])
    else:
        yield _absent("model", "no OMS signature of the files", "model" in require)
    of_provenance = _about(facts, signed.of_type(PROVENANCE))
    if of_provenance:
        yield from _links([provenance_link(facts, of_provenance)])
    else:
        yield _absent("provenance", "none signed", "provenance" in require)
    results = _results(_about(facts, signed.of_type(TEST_RESULT)))
    of_image = _results(measured)
    level = facts.manifest.repeatability
    at_build = f"; the build's second training reached: {level.level}" if level else ""
    for name, kind in KIND.items():
        those = of_image if name in OF_ONE_IMAGE else results
        of_kind = [one for one in those if one.kind == kind]
        suffix = at_build if name == "replay" else ""
        if not of_kind and any(result.kind == kind for result in results):
            suffix = f" of this image: it is of another one of the package{suffix}"
        yield _result_link(name, of_kind, suffix, name in require)
    of_bill = _about(facts, signed.of_type(SBOM))
    if of_bill:
        yield from _links([bill_link(facts, of_bill)])
    else:
        yield _absent("sbom", "none signed", "sbom" in require)


def _result_link(name: str, results: Sequence[TestResult], more: str, required: bool) -> TrustLink:
    if not results:
        return _absent(name, f"none signed{more}", required)
    worst = min(results, key=lambda one: ("FAILED", "WARNED", "PASSED").index(one.result))
    annotations = worst.configuration[0].annotations or {}
    facts = ", ".join(f"{key}: {value}" for key, value in sorted(annotations.items()))
    counts = worst.failed_tests or worst.warned_tests
    named = f" ({', '.join(counts[:3])}{', …' if len(counts) > 3 else ''})" if counts else ""
    failed = worst.result == "FAILED"
    return TrustLink(
        name=name,
        status="ok" if worst.result == "PASSED" else "failed" if failed and required else "warned",
        detail=f"{worst.result.lower()}{named}; {facts}",
    )


def _about(facts: PackageFacts, statements: Sequence[Statement]) -> list[Statement]:
    return [statement for statement in statements if statement.names(facts.binding.root)]


def _results(statements: Sequence[Statement]) -> list[TestResult]:
    results = []
    for statement in statements:
        try:
            results.append(TestResult.model_validate(statement.predicate))
        except ValidationError:
            continue  # another version's: as good as none, and a requirement then fails
    return results


def _binding(statement: Statement) -> PackageBinding | None:
    try:
        binding = PackageBinding.model_validate(statement.predicate)
    except ValidationError:
        return None
    # The subject is what is signed; a predicate about another root would be about nothing.
    return binding if statement.names(binding.root) else None


def _absent(name: str, detail: str, required: bool) -> TrustLink:
    text = f"required, but {detail}" if required else detail
    return TrustLink(name=name, status="failed" if required else "absent", detail=text)


def _links(checks: Iterable[tuple[str, bool, str]]) -> list[TrustLink]:
    return [
        TrustLink(name=name, status="ok" if ok else "failed", detail=detail)
        for name, ok, detail in checks
    ]


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
