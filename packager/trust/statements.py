"""The in-toto statements about a package that are signed, by the schemas of their readers.

Sources: in-toto attestation 1 (statement, test-result v0.1), SLSA provenance v1, OMS v1.0 and
cosign's ``sign/v1``. Fields without a value are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from packager.digest import canonical_json
from packager.model.dsse import PACKAGE

OMS = "https://model_signing/signature/v1.0"
COSIGN = "https://sigstore.dev/cosign/sign/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SBOM = "https://cyclonedx.org/bom"
INDEX = "https://model-packager/index/v1"
Sha256 = str
"""64 hex digits."""


class StandardRecord(BaseModel):
    """A record of another project's schema: camelCase, and unknown fields are passed over."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )

    def as_json(self) -> dict[str, Any]:
        """The JSON object, without fields that have no value."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ResourceDescriptor(StandardRecord):
    """A file, package or image, by its digest."""

    name: str | None = None
    uri: str | None = None
    digest: dict[str, str] | None = None
    content: str | None = None
    """Base64."""
    media_type: str | None = None
    annotations: dict[str, Any] | None = None


class Statement(StandardRecord):
    """An in-toto statement: a predicate about its subjects."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(
        "https://in-toto.io/Statement/v1", alias="_type"
    )
    subject: tuple[ResourceDescriptor, ...] = Field(min_length=1)
    predicate_type: str
    predicate: dict[str, Any] = {}

    def dump(self) -> bytes:
        """Canonical JSON: what is signed."""
        return canonical_json(self.as_json())

    def names(self, digest: Sha256) -> bool:
        """Whether a subject has this sha256."""
        return any((one.digest or {}).get("sha256") == digest for one in self.subject)


class PackageBinding(BaseModel):
    """Our own predicate: which package an image is."""

    name: str
    version: str
    root: Sha256
    config_digest: str
    """``sha256:…`` of the image's config: equal however layers are compressed or stored."""
    platform: str
    data_fingerprint: Sha256 | None
    """sha256 of the fingerprint (``dfp/1``) of the training data; None without data."""
    companion: str | None
    """``sha256:…`` of the companion's config; None without one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexBinding(BaseModel):
    """Our own predicate: which images an image index leads to."""

    name: str
    version: str
    root: Sha256
    images: dict[str, str]
    """Platform (``linux/arm64``) → ``sha256:…`` of its manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SignedResource(StandardRecord):
    """A file of an OMS signature."""

    name: str
    algorithm: Literal["sha256"] = "sha256"
    digest: Sha256

    model_config = ConfigDict(alias_generator=None)


class ModelSignature(BaseModel):
    """The predicate of OMS, for a folder signed file by file."""

    serialization: dict[str, Any]
    resources: tuple[SignedResource, ...]

    model_config = ConfigDict(frozen=True, extra="forbid")


class TestResult(StandardRecord):
    """Outcome of a test, as test-result v0.1 has it."""

    __test__ = False
    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: tuple[ResourceDescriptor, ...] = Field(min_length=1)
    """The first one's name is the kind of test."""
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of test, for example ``replay``."""
        return self.configuration[0].name or ""


def described(name: str | None, sha256: Sha256, **more: Any) -> ResourceDescriptor:
    """A descriptor with one digest."""
    return ResourceDescriptor(name=name, digest={"sha256": sha256}, **more)


def oms_statement(name: str, digests: Mapping[str, Sha256]) -> Statement:
    """The OMS statement of files: posix path → sha256.

    Its one subject is the sha256 over the raw digests in the order of the paths (OMS v1.0).
    """
    resources = [{"name": p, "algorithm": "sha256", "digest": digests[p]} for p in sorted(digests)]
    root = hashlib.sha256(
        b"".join(bytes.fromhex(resource["digest"]) for resource in resources)
    ).hexdigest()
    how = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [],
    }
    predicate = {"serialization": how, "resources": resources}
    return Statement(subject=(described(name, root),), predicate_type=OMS, predicate=predicate)


def cosign_statement(digest: Sha256) -> Statement:
    """The payload of ``cosign sign``: one subject without a name, the sha256 of the manifest."""
    return Statement(subject=(described(None, digest),), predicate_type=COSIGN)


def binding_statement(binding: PackageBinding, subjects: Sequence[ResourceDescriptor]) -> Statement:
    """The statement that ``subjects`` are the package of ``binding``."""
    return Statement(
        subject=tuple(subjects), predicate_type=PACKAGE, predicate=binding.model_dump(mode="json")
    )


def index_statement(binding: IndexBinding, digest: Sha256) -> Statement:
    """The statement that the index ``digest`` leads to the images of one package."""
    subjects = (described(binding.name, digest), described("package/manifest.json", binding.root))
    return Statement(
        subject=subjects, predicate_type=INDEX, predicate=binding.model_dump(mode="json")
    )


def bill_statement(bill: Mapping[str, Any], subjects: Sequence[ResourceDescriptor]) -> Statement:
    """The statement that ``subjects`` contain what ``bill`` (CycloneDX) lists."""
    return Statement(subject=tuple(subjects), predicate_type=SBOM, predicate=dict(bill))


def result_statement(result: TestResult, subjects: Sequence[ResourceDescriptor]) -> Statement:
    """The statement that ``subjects`` had ``result``."""
    return Statement(
        subject=tuple(subjects), predicate_type=TEST_RESULT, predicate=result.as_json()
    )
