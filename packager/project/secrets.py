"""Detects files that hold a credential, by their name or by patterns in their text.

Certificates and public keys are no secrets. A pattern is included only if its issuer designed it to
be recognizable (prefix, length, alphabet), so false positives are rare.
"""

from __future__ import annotations

import base64
import codecs
import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packager.project.issuer_shapes import issued_secrets

BEGINNING = 8192
"""Bytes that tell a text from a binary file: those of a text have no zero."""
MAX_BYTES = 1 << 20
"""Size of the largest file whose text is searched."""

_NAMES = {
    "a private key": "id_rsa id_dsa id_ecdsa id_ed25519 id_*_sk *.pem *.key *.ppk *.p12 *.pfx "
    "*.jks *.keystore *.pk8",
    "a store of passwords": "*.kdb *.kdbx *.psafe3 *.ovpn htpasswd *.htpasswd passwd shadow",
    "credentials": "credentials credentials.* *-credentials.* *_credentials.* credential.* "
    "client_secret*.json service-account*.json service_account*.json serviceaccount*.json "
    "*-service-account.json *_service_account.json "
    "*firebase-adminsdk*.json secrets.* secret.* *.secret *.secrets "
    "_netrc netrc kubeconfig kubeconfig.* *.kubeconfig *.tfstate *.tfstate.backup *.tfvars "
    "*.tfvars.json token.pickle accesskeys.csv *_accesskeys.csv",
    "environment variables": "*.env *.env.*",
}
_FOLDERS = frozenset({"credentials", "secrets"})
_SAMPLES = (".example", ".sample", ".template", ".dist", ".tmpl", ".pub", ".crt")
_CODE = (".py", ".pyi", ".so", ".ipynb", ".md", ".rst", ".html", ".js", ".css")
"""Suffixes of code and prose, which may be named like a secret."""
_CERTIFICATES = re.compile(rb"-----BEGIN (?!(?:[A-Z0-9]+ )*PRIVATE KEY)[A-Z0-9 ]+-----")

_PRIVATE_KEY = (
    r"-{4,5} ?BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)? ?-{4,5}"
    r"(?:\\r|\\n|\s|[\"'+]|[A-Za-z-]+: [^\n\\]*){0,60}[A-Za-z0-9+/]{40}"
    r"|PuTTY-User-Key-File-[23]: [a-z0-9-]+\s+Encryption: "
)
_SHAPES = {
    "a private key": _PRIVATE_KEY,
    "an AWS access key": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    "an AWS secret key": r"(?i:aws_secret_access_key)[\"']?\s*[=:]\s*[\"']?"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"
    r"|\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    "a GitLab token": r"\bgl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abeoprs]-[0-9][A-Za-z0-9-]{20,}"
    r"|https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{16,}",
    "a Google API key": r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    "a Google OAuth token": r"\bya29\.[A-Za-z0-9_-]{30,}"
    r"|\"refresh_token\":\s*\"1//[A-Za-z0-9_-]{30,}",
    "an OpenAI key": r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
    "an Anthropic key": r"\bsk-ant-[a-z]+[0-9]{2}-[A-Za-z0-9_-]{80,}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{34}\b",
    "a PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{50,}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a Databricks token": r"\bdapi[0-9a-f]{32}(?:-\d)?\b",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a DigitalOcean token": r"\bdo[opr]_v1_[0-9a-f]{64}\b",
    "an Artifactory key": r"\bAKCp[A-Za-z0-9]{69}\b|\bcmVmd[A-Za-z0-9]{59}\b",
    "a key of Azure Storage": r"\bAccountKey=[A-Za-z0-9+/]{86}==",
    "a Weights & Biases key": r"(?i:wandb_api_key)[\"']?\s*[=:]\s*[\"']?[0-9a-f]{40}\b",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
}
_ANY = [(what, re.compile(shape.encode())) for what, shape in _SHAPES.items()]
_URL = re.compile(
    rb"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'<>`?#]{0,100}:([^\s/@\"'<>`]{1,200})@"
    rb"[A-Za-z0-9\[]"
)
_TOKEN = re.compile(
    rb"\bhttps?://([^\s/:@\"'<>`?#]{1,200})@[A-Za-z0-9\[]"
    rb"|\b[a-z0-9+]{1,20}://[^\s\"'<>`]{1,500}[?&](?:[a-z_-]{0,20}token|api_?key|password|secret"
    rb"|sig|signature|x-amz-signature)=([^\s&\"'<>`]{6,})",
    re.IGNORECASE,
)
"""A URL with a token as its user, or as a query parameter."""
_BASIC = re.compile(
    rb"(?:[\"']auth[\"'][ \t]*:[ \t]*[\"']|\bbasic[ \t]+|\b_auth[ \t]*=[ \t]*[\"']?)"
    rb"([A-Za-z0-9+/]{8,1000}={0,2})(?![A-Za-z0-9+/=])",
    re.IGNORECASE,
)
"""User and password in base64, as in Docker's or npm's configuration or an HTTP header."""
_PASSWORD = re.compile(
    rb"^[ \t]*[\"']?[\w-]{0,30}passw(?:or)?d[\"']?[ \t]*[=:][ \t]*[\"']?([^\s\"'#,]{6,200})",
    re.IGNORECASE | re.MULTILINE,
)
_SETTINGS = (".toml", ".ini", ".cfg", ".conf", ".yaml", ".yml", ".properties")
_SLOT = re.compile(rb"[${}<>%*]|^(?:x+|\.+|_+|-+)$", re.IGNORECASE)
"""Matches placeholders for passwords in variables, templates and prose."""
_WORDS = frozenset(
    b"password passwd pass pwd secret token changeme example yourpassword your-password key".split()
)


@dataclass(frozen=True)
class Secret:
    """A credential in a file."""

    what: str
    line: int | None = None
    """Line in the text, from 1; None if the file's name shows it."""


def secret_in(path: Path, inside: str) -> Secret | None:
    """The first credential of the file ``path``, at ``inside`` in its project; None without one."""
    return next(secrets_in(path, inside), None)


def secrets_in(path: Path, inside: str, most: int = MAX_BYTES) -> Iterator[Secret]:
    """The credentials of a file; of several with one form, the first.

    The text is searched in files of up to ``most`` bytes; binary files are judged by name only.
    """
    small = path.stat().st_size <= most
    content = path.read_bytes() if small else b""
    named = secret_named(inside, content)
    if named is not None:
        yield named
    yield from secrets_written(inside, content)


def is_text(path: Path) -> bool:
    """Whether the text of a file is searched, if it is not too long."""
    with path.open("rb") as file:
        content = file.read(BEGINNING)
    return b"\0" not in content or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def secret_named(inside: str, content: bytes) -> Secret | None:
    """The credential that a file's name indicates; None for a certificate, by its content."""
    path = PurePosixPath(inside)
    name = path.name.lower()
    if name.endswith((*_CODE, *_SAMPLES)):
        return None
    if name.endswith((".pem", ".key")) and _CERTIFICATES.search(content):
        return None  # other credentials are searched for in its text
    for what, patterns in _NAMES.items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split()):
            return Secret(what)
    if _FOLDERS & {part.lower() for part in path.parts[:-1]}:
        return Secret("credentials")
    return None


def secret_written(inside: str, content: bytes) -> Secret | None:
    """The first credential in a file's text; None without one."""
    return next(secrets_written(inside, content), None)


def secrets_written(inside: str, content: bytes) -> Iterator[Secret]:
    """The credentials in a file's text, which may be UTF-16 with a byte order mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode()
    if b"\0" in content[:BEGINNING]:
        return
    name = inside.lower()
    matches = sorted(_matches(content, prose=name.endswith(_CODE)))
    if name.endswith(_SETTINGS) and name != "package.toml":
        matches = sorted([*matches, *_passwords(content)])
    reported = set()
    for start, what in matches:
        line = content.count(b"\n", 0, start) + 1
        reported.add(line)
        yield Secret(what, line)
    for line, what in issued_secrets(content):
        if line not in reported:
            reported.add(line)
            yield Secret(what, line)


def _matches(content: bytes, *, prose: bool) -> Iterator[tuple[int, str]]:
    for what, shape in _ANY:
        match = shape.search(content)
        if match is not None:
            yield match.start(), what
    for match in _URL.finditer(content):
        password = match[1]
        if not _SLOT.search(password) and not (prose and password.lower() in _WORDS):
            yield match.start(), "a URL with a password"
            return
    for match in _BASIC.finditer(content):
        password = _basic_password(match[1])
        if password and not (prose and password.lower() in _WORDS):
            yield match.start(), "a password in base64"
            return
    if not prose:
        for match in _TOKEN.finditer(content):
            if not _SLOT.search(match[1] or match[2]):
                yield match.start(), "a URL with a token"
                return


def _basic_password(coded: bytes) -> bytes:
    """The password of ``user:password`` in base64; empty for anything else or a placeholder."""
    try:
        text = base64.b64decode(coded, validate=True)
    except ValueError:
        return b""
    user, separator, password = text.partition(b":")
    plain = text.isascii() and text.decode("ascii", "replace").isprintable()
    return password if user and separator and plain and not _SLOT.search(password) else b""


def _passwords(content: bytes) -> Iterator[tuple[int, str]]:
    for match in _PASSWORD.finditer(content):
        if not _SLOT.search(match[1]) and match[1].lower() not in _WORDS:
            yield match.start(), "a password"
            return
