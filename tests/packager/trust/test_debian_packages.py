"""Installed Debian packages, of dpkg's database and of distroless images."""

from __future__ import annotations

from sbom_samples import BASE

from packager.trust.debian_packages import DebianPackage, debian_packages
from packager.trust.image_inventory import Inventory

STATUS = """\
Package: bzip2
Status: install ok installed
Version: 1.0.8-5+b1
Source: bzip2-src (1.0.8-5)
Architecture: amd64
Conffiles:
 /etc/a 00

Package: gone
Status: deinstall ok config-files
Version: 1

Package: broken
Status: install ok installed

Package:
Version:
"""


def test_packages_of_distroless_images_are_found_with_source_licences_and_files():
    assert debian_packages(Inventory(BASE)) == [
        DebianPackage(
            name="libssl3",
            version="3.0.1-2",
            architecture="amd64",
            source="openssl",
            source_version="3.0.1-2",
            maintainer="Debian OpenSSL Team <ssl@example.org>",
            licences=("Apache-2.0", "GPL-2+"),
            files=2,
        ),
        DebianPackage("tzdata", "2026f-0", "all", "tzdata", "2026f-0", "", (), None),
    ]


def test_packages_of_a_dpkg_database_are_those_that_are_installed():
    found = debian_packages(Inventory({"var/lib/dpkg/status": STATUS.encode()}))
    assert found == [
        DebianPackage("bzip2", "1.0.8-5+b1", "amd64", "bzip2-src", "1.0.8-5", "", (), None)
    ]


def test_a_copyright_file_that_is_no_machine_readable_one_names_no_licence():
    files = {**BASE, "usr/share/doc/libssl3/copyright": b"It is free.\n\nLicense: GPL\n"}
    assert debian_packages(Inventory(files))[0].licences == ()


def test_an_image_without_a_database_has_no_packages():
    assert debian_packages(Inventory({})) == []
