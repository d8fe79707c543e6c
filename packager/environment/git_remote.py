"""Access of git to a remote repository: the user's settings for it, and errors with a hint."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from urllib.parse import unquote, urlsplit

from packager.environment.programs import clean_environment
from packager.environment.sources import SourceRequirement
from packager.errors import PackageError
from packager.text import without_credentials

MAX_SHOWN = 500
_KEPT = re.compile(
    r"(?i)PATH|HOME|XDG_CONFIG_HOME|SSH_AUTH_SOCK|SSL_.*|(?:https?|all|no)_proxy"
    r"|GIT_SSL_CAINFO|GIT_SSL_CAPATH|GIT_SSH|GIT_SSH_COMMAND|GIT_SSH_VARIANT|USER|LOGNAME"
)
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$P_USER" "$P_WORD"; }; f'
)
_TOLD = re.compile(
    r"(?:fatal|error|remote):|ssh:|kex_|Host key verification failed|.*Permission denied|"
    r".*cannot run|.*: command not found"
)
_NOISE = re.compile(
    r"fatal: Could not read from remote repository|Please make sure you have the correct access"
)
_DENIED = re.compile(
    r"Authentication|could not read (?:User|Pass)|denied|40[13]|terminal prompts|publickey"
)
_CERTIFICATE = re.compile(r"certificate|CAfile|SSL routines", re.IGNORECASE)


def remote_environment(source: SourceRequirement, certificates: str | None) -> dict[str, str]:
    """The user's environment for a download; credentials of the URL are passed in it.

    Every user of the machine can read a process's arguments, but not its environment. Nothing is
    asked on the terminal. ``certificates``: a CA bundle, used if the user set none for git.
    """
    variables = {n: v for n, v in clean_environment(os.environ).items() if _KEPT.fullmatch(n)}
    if certificates:
        variables.setdefault("GIT_SSL_CAINFO", certificates)
    environment = {
        **variables,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "SSH_ASKPASS_REQUIRE": "force",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git",
        "LC_ALL": "C.UTF-8",
    }
    if source.authority:
        user, _, word = source.authority.partition(":")
        parts = urlsplit(source.url)
        environment |= {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": "",
            "GIT_CONFIG_KEY_1": f"credential.{parts.scheme}://{parts.netloc}.helper",
            "GIT_CONFIG_VALUE_1": _HELPER,
            "P_USER": unquote(user),
            "P_WORD": unquote(word),
        }
    return environment


def git_message(done: subprocess.CompletedProcess[bytes]) -> str:
    """The cause in the output of git or ssh, in one line and without credentials."""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    messages = [line.strip() for line in lines if _TOLD.match(line.strip())]
    causes = [line for line in messages if not _NOISE.match(line)]
    return without_credentials(" ".join(causes or messages or lines[-1:]))[:MAX_SHOWN]


def unreachable(source: SourceRequirement, called: str, why: str) -> PackageError:
    """The error for a repository that can't be fetched, for the reason ``why``."""
    return PackageError(f"{called}: can't be fetched: {why}", _hint(source, why))


def _hint(source: SourceRequirement, why: str) -> str:
    check = f"check with `git ls-remote {shlex.quote(source.url)}`"
    if "Host key verification failed" in why:
        parts = urlsplit(source.url)
        port = f"-p {parts.port} " if parts.port else ""
        return (
            f"this machine does not know the host's key: connect once with `ssh {port}"
            f"{parts.netloc.removesuffix(f':{parts.port}')}`, compare the fingerprint, and accept"
        )
    if re.search(r"cannot run|command not found", why):
        return "install ssh (`apt-get install openssh-client`), or write git+https:// in its place"
    if _CERTIFICATE.search(why):
        return (
            "if the host's certificate is of a CA of your company, name its file in GIT_SSL_CAINFO "
            f"or SSL_CERT_FILE; {check}"
        )
    if _DENIED.search(why):
        return (
            "git needs credentials for it: set up git's credential helper, ~/.netrc or an ssh key "
            f"on this machine, and {check}; keep them out of the project"
        )
    return f"{check} that this machine reaches it"
