"""Files in the archive of a wheel."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest
from installer.records import Hash, RecordEntry

from packager.errors import PackageError
from packager.image.packed_files import PackedFile, record_of

CONTENT = b"print(1)\n" * 100


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    file = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.py", CONTENT)
    return zipfile.ZipFile(file)


def test_content_that_equals_its_record(archive: zipfile.ZipFile):
    packed = PackedFile(archive, record_of("a.py", CONTENT))
    assert packed.read() == CONTENT
    assert packed.starts_with(b"print")
    assert packed.installed_record() == record_of("a.py", CONTENT)


def test_content_that_differs_from_its_record_is_refused(archive: zipfile.ZipFile):
    for other in (b"print(2)\n" * 100, CONTENT[:-1], CONTENT + b"x"):
        with pytest.raises(PackageError, match=r"hash / size of a.py didn't match RECORD"):
            PackedFile(archive, record_of("a.py", other)).read()


def test_an_installation_records_a_sha256_and_the_size(archive: zipfile.ZipFile):
    other = hashlib.sha512(CONTENT).digest()
    encoded = base64.urlsafe_b64encode(other).decode().rstrip("=")
    for known in (
        RecordEntry("a.py", Hash("sha512", encoded), None),
        RecordEntry("a.py", None, None),
    ):
        packed = PackedFile(archive, known)
        assert packed.installed_record() == record_of("a.py", CONTENT)


def test_a_file_that_the_archive_lacks_names_the_wheel(archive: zipfile.ZipFile):
    with pytest.raises(PackageError, match=r"a-1-py3-none-any.whl: can't be unpacked"):
        PackedFile(archive, record_of("b.py", CONTENT)).read()
