"""The index of a package for several platforms: what is signed of it, and how it is verified.

A runtime resolves an index to the image of its platform, so a signature of one image says nothing
about the others. The statement names every image; each of them has its own signatures as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from packager.manifest.manifest import Manifest
from packager.registry.attachments import Descriptor
from packager.registry.manifests import ImageIndex
from packager.trust.envelope import signed_bundle
from packager.trust.keys import PrivateKey
from packager.trust.links import Comparison
from packager.trust.statements import (
    IndexBinding,
    Statement,
    cosign_statement,
    index_statement,
)


def sign_index(
    manifest: Manifest, index: Descriptor, images: Mapping[str, str], key: PrivateKey
) -> list[bytes]:
    """The bundles about ``index``, which leads to ``images``: platform → manifest digest."""
    digest = index.digest.removeprefix("sha256:")
    binding = IndexBinding(
        name=manifest.name, version=manifest.version, root=manifest.root, images=dict(images)
    )
    statements = (index_statement(binding, digest), cosign_statement(digest))
    return [signed_bundle(statement, key) for statement in statements]


def index_link(index: ImageIndex, root: str, statements: Sequence[Statement]) -> Comparison:
    """The ``index`` against signed statements about indexes of the package ``root``."""
    digest, first = index.descriptor.digest, ""
    for statement in statements:
        try:
            signed = IndexBinding.model_validate(statement.predicate)
        except ValidationError:
            first = first or "expected the images of an index, got another predicate"
            continue
        if not statement.names(digest.removeprefix("sha256:")):
            first = first or f"expected {_subject(statement)} signed, got {digest}"
        elif signed.root != root or signed.images != dict(index.images):
            first = (
                first
                or f"expected {_platforms(signed.images)} signed, got {_platforms(index.images)}"
            )
        else:
            return "index", True, f"{digest}: {', '.join(sorted(index.images))}"
    return "index", False, first


def _subject(statement: Statement) -> str:
    return ", ".join(f"sha256:{(o.digest or {}).get('sha256')}" for o in statement.subject[:1])


def _platforms(images: Mapping[str, str]) -> str:
    return ", ".join(f"{platform} {digest}" for platform, digest in sorted(images.items()))
