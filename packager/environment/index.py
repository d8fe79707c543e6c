"""Where packages come from: the user's own pip and uv configuration, honoured and never stored."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from urllib.parse import unquote, urlsplit

UV_NAMES = {
    "index-url": ("--default-index", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
    "extra-index-url": ("--extra-index-url", ("UV_EXTRA_INDEX_URL", "UV_INDEX")),
    "find-links": ("--find-links", ("UV_FIND_LINKS",)),
    "trusted-host": ("--allow-insecure-host", ("UV_INSECURE_HOST",)),
}


@dataclass(frozen=True)
class IndexOptions:
    """How to reach the user's indexes with uv: options, environment, and a CA bundle."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    certificates: str | None

    def of_project(self, folder: Path) -> IndexOptions:
        """These, with what a ``uv.toml`` or ``pyproject.toml`` in or above ``folder`` adds."""
        # Not the working directory: relative paths of the user's own options stay what they are.
        return replace(self, arguments=(*self.arguments, "--project", str(folder)))

    def credentials(self) -> dict[str, tuple[str, str]]:
        """``host:port`` → (user, password), as the indexes' addresses hold them; uv drops them."""
        variables = [name for _, names in UV_NAMES.values() for name in names]
        words = [*self.arguments, *" ".join(map(self._variable, variables)).split()]
        found = {}
        for word in words:
            address = urlsplit(word[word.find("http") :] if "://" in word else "")
            if address.username:
                user, password = unquote(address.username), unquote(address.password or "")
                found[address.netloc.rpartition("@")[2]] = (user, password)
        return found

    def _variable(self, name: str) -> str:
        return self.environment.get(name, "")


def parse_pip_config(text: str) -> dict[str, str]:
    """``pip config list`` as option → value; the environment wins over a file's section."""
    values: dict[str, tuple[int, str]] = {}
    for line in text.splitlines():
        key, separator, quoted = line.partition("=")
        section, _, option = key.rpartition(".")
        if not separator or section not in (":env:", "global", "install", "download"):
            continue
        rank = 0 if section == "global" else 2 if section == ":env:" else 1
        if rank >= values.get(option, (-1, ""))[0]:
            values[option] = (rank, str(ast.literal_eval(quoted)))
    return {option: value for option, (_, value) in values.items()}


def index_options(pip: Mapping[str, str], environment: Mapping[str, str]) -> IndexOptions:
    """pip's options as uv's; one that the user set for uv in the environment stays his."""
    arguments: list[str] = []
    for option, (flag, variables) in UV_NAMES.items():
        if any(environment.get(variable) for variable in variables):
            continue
        for value in pip.get(option, "").split():
            arguments += [flag, value]
    if "extra-index-url" in pip and "UV_INDEX_STRATEGY" not in environment:
        # pip weighs all indexes alike; uv would stop at the first that knows the name.
        arguments += ["--index-strategy", "unsafe-best-match"]
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        arguments.append("--no-index")
    certificates = environment.get("SSL_CERT_FILE") or pip.get("cert")
    # Companies put their own CA into the system's store; uv looks there only when told to.
    added = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true", "UV_NO_PROGRESS": "1"}
    if certificates:
        added["SSL_CERT_FILE"] = certificates
    return IndexOptions(tuple(arguments), {**environment, **added}, certificates)


def user_index_options() -> IndexOptions:
    """The options of the user who runs us: ``pip config list``, then the environment."""
    commands = [[sys.executable, "-m", "pip"]] + [[pip] for pip in (which("pip"),) if pip]
    for command in commands:
        done = subprocess.run(
            [*command, "config", "list"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return index_options(parse_pip_config(done.stdout), os.environ)
    return index_options({}, os.environ)
