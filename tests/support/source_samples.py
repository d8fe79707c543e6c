"""Python projects with a build backend of their own: a build needs nothing from an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

BACKEND = """
import base64, hashlib, os, zipfile

NAME, VERSION, REQUIRES, MORE = {name!r}, {version!r}, {requires!r}, {more!r}


def digest(text):
    found = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def get_requires_for_build_wheel(settings=None):
    return list(MORE)


def build_wheel(folder, settings=None, metadata_directory=None):
    {body}
    stem = NAME.replace("-", "_")
    info = f"{{stem}}-{{VERSION}}.dist-info"
    metadata = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
    metadata += "".join(f"Requires-Dist: {{line}}\\n" for line in REQUIRES)
    content = {{f"{{info}}/METADATA": metadata}}
    content[f"{{info}}/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    top = "src" if os.path.isdir("src") else "."
    for place, _, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            if name.endswith(".py") and name not in ("backend.py", "train.py"):
                content[os.path.relpath(path, top)] = open(path).read()
    name = f"{{stem}}-{{VERSION}}-py3-none-any.whl"
    rows = ((n, digest(text), len(text.encode())) for n, text in content.items())
    record = "".join(f"{{n}},{{sha}},{{size}}\\n" for n, sha, size in rows)
    record += f"{{info}}/RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for n, text in sorted({{**content, f"{{info}}/RECORD": record}}.items()):
            archive.writestr(zipfile.ZipInfo(n), text)
    return name
"""
PYPROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    '[project]\nname = "{name}"\nversion = "{version}"\n'
)
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")


def python_project(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
    body: str = "pass",
    files: Mapping[str, str] = {},
) -> Path:
    """A project of one module ``name``; ``body`` is run when it is built."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "pyproject.toml": PYPROJECT.format(name=name, version=version),
        "backend.py": BACKEND.format(
            name=name, version=version, requires=requires, more=more, body=body
        ),
        f"{name.replace('-', '_')}.py": f"VERSION = {version!r}\n",
        **files,
    }
    for inside, text in texts.items():
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        (folder / inside).write_text(text)
    return folder


def sdist(folder: Path, name: str, version: str = "1.0", **options: str) -> Path:
    """A source archive of such a project in ``folder``."""
    top = folder / f"{name}-{version}"
    python_project(top, name, version, **options)  # type: ignore[arg-type]
    (top / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(top, top.name)
    shutil.rmtree(top)
    return path


def commit(folder: Path, tag: str | None = None) -> str:
    """Commit everything in ``folder``, a repository from then on; returns the id."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> str:
        command = [*GIT, "-C", str(folder), *words]
        done = subprocess.run(command, check=True, capture_output=True, env=environment, text=True)
        return done.stdout.strip()

    if not (folder / ".git").exists():
        git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "x")
    if tag:
        git("tag", "-a", tag, "-m", tag)
    return git("rev-parse", "HEAD")
