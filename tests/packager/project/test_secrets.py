"""Files with credentials, by name or text, and files that only look like it."""

from __future__ import annotations

import base64

import pytest

from packager.project.secrets import Secret, secret_named, secret_written, secrets_in

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" + "Ab1/" * 20
BEGIN, END = "-----BEGIN {}-----", "-----END {}-----"


def pem(kind: str, body: str = BODY, between: str = "\n") -> str:
    return BEGIN.format(kind) + between + body + between + END.format(kind) + "\n"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("id_rsa", "a private key"),
        ("deploy/ID_ED25519", "a private key"),
        ("server.key", "a private key"),
        ("tls/cert.pem", "a private key"),
        ("client.p12", "a private key"),
        ("team.kdbx", "a store of passwords"),
        ("office.ovpn", "a store of passwords"),
        ("htpasswd", "a store of passwords"),
        ("service-account-prod.json", "credentials"),
        ("service_account.json", "credentials"),
        ("credentials", "credentials"),
        ("gcp-credentials.json", "credentials"),
        ("app-firebase-adminsdk-x1y2z.json", "credentials"),
        ("client_secret_123.json", "credentials"),
        ("config/secrets.yaml", "credentials"),
        ("secrets/plain.txt", "credentials"),
        ("kubeconfig", "credentials"),
        ("_netrc", "credentials"),
        ("infra/prod.tfvars", "credentials"),
        ("prod.env", "environment variables"),
    ],
)
def test_names_of_keys_and_credentials_are_known(name, what):
    assert secret_named(name, b"x") == Secret(what)


@pytest.mark.parametrize(
    "name",
    [
        "id_rsa.pub",
        "credentials.py",
        "secrets/__init__.py",
        "secrets.yaml.example",
        "monkey.csv",
        "keys.csv",
        "environment.yml",
        "passwords_per_country.csv",
        "docs/credentials.md",
        "tokens.txt",
        "ca.crt",
    ],
)
def test_names_that_only_sound_so_are_not(name):
    assert secret_named(name, b"x") is None


@pytest.mark.parametrize("kind", ["CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY", "DH PARAMETERS"])
def test_certificates_and_public_keys_are_no_secrets(kind):
    text = pem(kind).encode()
    assert secret_named("cacert.pem", text) is None
    assert secret_written("cacert.pem", text) is None


def test_a_certificate_with_its_key_is_one_by_its_text():
    text = (pem("CERTIFICATE") + pem("RSA PRIVATE KEY")).encode()
    assert secret_named("server.pem", text) is None
    assert secret_written("server.pem", text) == Secret("a private key", 4)


URL = "https://me:{}@host.internal/simple"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (pem("PRIVATE KEY"), "a private key"),
        (pem("OPENSSH PRIVATE KEY"), "a private key"),
        (pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\n\n" + BODY), "a private key"),
        (pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\n" + BODY), "a private key"),
        ('{"private_key": "' + pem("PRIVATE KEY", between="\\n").strip() + '"}', "a private key"),
        ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n" + BODY, "a private key"),
        ("PuTTY-User-Key-File-3: ssh-rsa\r\nEncryption: none", "a private key"),
        ('KEY = "AKIA' + "Q3EGZ7XN2WBLT5KD" + '"', "an AWS access key"),
        ("aws_secret_access_key = " + "aB3/" * 10, "an AWS secret key"),
        ("token: ghp_" + "a1B2" * 9, "a GitHub token"),
        ("glpat-" + "x1Y2z" * 4, "a GitLab token"),
        ("xoxb-" + "123456789012-" + "abcDEF123456", "a Slack token"),
        ("sk_live_" + "4eC39HqLyjWDarjtT1", "a Stripe key"),
        ("AIza" + "Sy0aB-" * 5 + "abcde", "a Google API key"),
        ("ABIA" + "Q3EGZ7XN2WBLT5KD", "an AWS access key"),
        ("AKCp" + "aB1" * 23, "an Artifactory key"),
        ("hf_" + "aBcD1" * 6 + "aBcD", "a Hugging Face token"),
        ("pypi-AgE" + "IcHlwaS5vcmcC" * 5, "a PyPI token"),
        ("dapi" + "0a1b2c3d" * 4, "a Databricks token"),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMiJ9." + "c2lnbmF0dXJl" * 2, "a JSON Web Token"),
        (f"index-url = {URL.format('s3cr3t')}", "a URL with a password"),
        (f"--extra-index-url {URL.format('password')}", "a URL with a password"),
        ("redis://:hunter2@cache:6379/0", "a URL with a password"),
    ],
)  # fmt: skip
def test_shapes_in_a_text_are_known_with_their_line(text, what):
    assert secret_written("notes.txt", f"first\n{text}\n".encode()) == Secret(what, 2)


@pytest.mark.parametrize(
    "text",
    [
        'HEADER = "-----BEGIN RSA PRIVATE KEY-----"',
        "if text.startswith('-----BEGIN PRIVATE KEY-----'): raise ValueError",
        "https://host.internal/simple",
        "https://me@host.internal/simple",
        "https://${USER}:${TOKEN}@host/simple",
        "https://me:{password}@host/simple",
        "https://me:<token>@host/simple",
        "postgresql://user:password@localhost/db",
        "see https://host:8080/a@b",
        "ghp_short, AKIA123, sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "sha256 = " + "0a1b2c3d" * 8,
    ],
)
def test_what_only_looks_like_one_is_not(text):
    assert secret_written("train.py", text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"auths": {"host": {"auth": "CODED"}}}',
        "{'auth' : 'CODED'}",
        "Authorization: Basic CODED",
        'headers = {"Authorization": "basic CODED"}',
        "//host/:_auth=CODED",
    ],
)
def test_a_password_in_base64_is_one(text: str):
    for password in ("hunter2", "a longer one: with signs"):
        coded = base64.b64encode(f"me:{password}".encode()).decode()
        found = secret_written("notes.txt", f"\n{text.replace('CODED', coded)}".encode())
        assert found == Secret("a password in base64", 2), coded
    for other in ("no colon here", "me:${PASSWORD}", "me:", "\x00:\xff", "m\ne:secret"):
        coded = base64.b64encode(other.encode("latin-1")).decode()
        assert secret_written("notes.txt", text.replace("CODED", coded).encode()) is None, other
    assert secret_written("a.md", b"Basic statistics of basic examples, basic programming") is None


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_text_of_windows_is_read(order):
    text = f"first\n{pem('PRIVATE KEY')}"
    mark, codec = {"little": (b"\xff\xfe", "utf-16-le"), "big": (b"\xfe\xff", "utf-16-be")}[order]
    assert secret_written("notes.txt", mark + text.encode(codec)) == Secret("a private key", 2)


def test_every_form_is_told_once_and_each_line_once(tmp_path):
    path = tmp_path / "a.py"
    twilio = "AC" + "0123456789abcdef" * 2
    path.write_text(f"a = 1\nb = 'ghp_{'a1B2' * 9}'\nc = '{twilio}'\nd = 'glpat-{'x1Y2z' * 4}'\n")
    assert [*secrets_in(path, "a.py")] == [
        Secret("a GitHub token", 2),
        Secret("a GitLab token", 4),
        Secret("a secret of the kind Twilio API Key", 3),
    ]


def test_binary_files_are_known_by_their_names_alone():
    assert secret_written("model.bin", b"\0\1" + b"ghp_" + b"a1B2" * 9) is None
