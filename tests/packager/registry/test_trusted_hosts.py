from __future__ import annotations

import json
from pathlib import Path

import pytest
from registries import make_certificates

from packager.errors import PackageError, UsageError
from packager.registry import trusted_hosts
from packager.registry.trusted_hosts import is_loopback, may_be_plain, tls_context

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in trusted_hosts.CERTIFICATE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def names(context) -> set[str]:
    """Common names of the certificates that are trusted."""
    return {
        value
        for one in context.get_ca_certs()
        for part in one["subject"]
        for key, value in part
        if key == "commonName"
    }


@pytest.mark.parametrize("name", trusted_hosts.CERTIFICATE_VARIABLES)
def test_a_variable_replaces_the_usual_certificates(name, authority, monkeypatch) -> None:
    monkeypatch.setenv(name, str(authority))
    assert names(tls_context("r.example", BUNDLE)) == {"tests"}


def test_a_variable_that_names_no_certificates_is_an_error(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE: expected certificates in PEM, got"):
        tls_context("r.example", BUNDLE)


@pytest.mark.parametrize("folder", [".config/containers", ".config/docker", ".docker"])
def test_a_ca_of_the_engine_is_trusted_for_its_host_only(folder, authority, user, tmp_path) -> None:
    place = user / folder / "certs.d" / "r.example:5000"
    place.mkdir(parents=True)
    (place / "ca.crt").write_bytes(authority.read_bytes())
    assert "tests" in names(tls_context("r.example:5000", str(authority)))
    usual = tls_context("r.example:5000", str(authority))
    assert usual.check_hostname
    (place / "ca.crt").write_text("no certificate")
    with pytest.raises(UsageError, match=r"expected certificates in PEM, got .*ca\.crt"):
        tls_context("r.example:5000", str(authority))
    tls_context("r.example", str(authority))


def test_the_same_files_are_read_once_and_changed_ones_again(user, tmp_path) -> None:
    one, other = (make_certificates(tmp_path / name) for name in ("one", "other"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(one.read_bytes())
    first = tls_context("r.example", str(bundle))
    assert tls_context("other.example", str(bundle)) is first
    bundle.write_bytes(one.read_bytes() + other.read_bytes())
    again = tls_context("r.example", str(bundle))
    assert len(again.get_ca_certs()) == len(first.get_ca_certs()) + 1


def test_a_client_certificate_needs_its_key(authority, user) -> None:
    place = user / ".docker" / "certs.d" / "r.example"
    place.mkdir(parents=True)
    made = authority.parent.parent
    (place / "client.cert").write_bytes((made / "server.crt").read_bytes())
    with pytest.raises(UsageError, match=r"expected a certificate with its key in client\.key"):
        tls_context("r.example", str(authority))
    (place / "client.key").write_bytes((made / "server.key").read_bytes())
    tls_context("r.example", str(authority))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *[(host, True) for host in ("localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9")],
        *[(host, True) for host in ("[::1]:5000", "[::1]")],
        *[(host, False) for host in ("r.example", "10.0.0.1:5000", "localhost.example", "127.a")],
    ],
)
def test_only_loopback_may_be_asked_without_tls(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
    assert may_be_plain(host) is expected


@pytest.mark.parametrize(
    ("entry", "host", "expected"),
    [
        ("r.example:5000", "r.example:5000", True),
        ("r.example:5000", "r.example", False),
        ("r.example", "r.example:5000", True),
        ("10.1.0.0/16", "10.1.2.3:5000", True),
        ("10.1.0.0/16", "10.2.2.3:5000", False),
        ("*.example", "a.example", True),
        ("*.example", "a.example.org", False),
    ],
)
def test_an_engines_configuration_permits_plain_http(user, entry, host, expected) -> None:
    folder = user / ".config" / "docker"
    folder.mkdir(parents=True)
    (folder / "daemon.json").write_text(json.dumps({"insecure-registries": [entry]}))
    assert may_be_plain(host) is expected


def test_podmans_configuration_permits_plain_http(user: Path) -> None:
    folder = user / ".config" / "containers" / "registries.conf.d"
    folder.mkdir(parents=True)
    (folder / "a.conf").write_text(
        '[[registry]]\nlocation = "r.example:5000/team"\ninsecure = true\n'
        '[[registry]]\nlocation = "s.example"\ninsecure = false\n'
    )
    assert may_be_plain("r.example:5000")
    assert not may_be_plain("s.example")
    (folder / "b.conf").write_text("[[registry")
    with pytest.raises(PackageError, match=r"b\.conf: expected the engine's configuration"):
        may_be_plain("s.example")
