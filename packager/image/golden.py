"""Reads the golden rows of a package: made-up rows with the answers of the new model."""

from __future__ import annotations

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.documents import MAX_DOCUMENT, document, package_documents
from packager.image.reference import Reference
from packager.manifest.evaluation import Golden

FILE = "golden.json"
MAX_BYTES = 4 * MAX_DOCUMENT
"""Rows of arrays are large."""


def golden_rows(reference: Reference) -> Golden | None:
    """The golden rows that the manifest lists; None if it lists none.

    Raises ``PackageError`` if the file is not the one of the manifest, or has other content.
    """
    expected = {entry.path: entry.sha256 for entry in reference.manifest.files}.get(FILE)
    if expected is None:
        return None
    if reference.engine is None:
        documents = package_documents(reference.stored_image().layers, (FILE,), MAX_BYTES)
    else:
        image = reference.config_digest
        documents = reference.engine.documents(image, "/package", (FILE,), MAX_BYTES)
    content = document(documents, FILE)
    if sha256_bytes(content) != expected:
        raise PackageError(
            f"{reference.name}: {FILE}: expected sha256 {expected}, got {sha256_bytes(content)}",
            "the package was changed or damaged after it was built: build or copy it again",
        )
    try:
        return Golden.model_validate_json(content)
    except ValueError as error:
        raise PackageError(
            f"{reference.name}: {FILE}: expected rows with answers, got another document",
            "the package was made by another version of this program: build it again",
        ) from error
