"""Compares files, scripts and imports of popular wheels as layers with those installed by pip.

`.venv/bin/python benchmarks/wheels.py [FOLDER]` keeps the wheels in FOLDER (/tmp/thirty). Test
folders, bytecode, pip's own records and first lines of scripts are not compared. Exits 1 on a
difference.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from packaging.utils import parse_wheel_filename

from packager.digest import sha256_bytes, sha256_file
from packager.environment.wheels import wheel_path
from packager.image.base.base import find_base
from packager.image.environments import environment_layer
from packager.image.runtime import VENV, WHEELS
from packager.image.unpacking import may_be_left_out
from packager.image.wheels import WheelUnpacker, grouped, site_packages
from packager.manifest.manifest import Wheel

NAMES = """
numpy scipy pandas scikit-learn lightgbm xgboost-cpu pillow lxml pyarrow protobuf grpcio
opencv-python-headless cryptography pydantic pydantic-core requests urllib3 certifi pyyaml orjson
aiohttp sqlalchemy matplotlib networkx sympy numba llvmlite statsmodels joblib tqdm rich click
jinja2 markupsafe setuptools psutil regex tornado
"""
PYTHON, BASE = "3.11", "package-base:bookworm-python3.11"
RECORDS = r"\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$"
NOT_COMPARED = re.compile(rf"^pyvenv\.cfg$|^bin/([Aa]ctivate|python)|\.pyc$|{RECORDS}")
IMPORT_SECONDS = 240
# RECORD entry of a module, or of a file directly in a package.
IMPORTABLE = re.compile(r"[A-Za-z_]\w*(\.py|\.[\w.-]*so|/[^/]+\.(py|so))$")
IMPORT_ALL = Path(__file__).with_name("import_all.py")

Tree = dict[str, tuple[str, bool]]


def main(wheelhouse: Path) -> None:
    base = find_base(BASE, "linux/amd64", None)
    if base is None:
        sys.exit(f"error: no {BASE}: make it with `package base`")
    compiler = base.compiler()
    download(wheelhouse)
    paths = sorted(wheelhouse.glob("*.whl"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["MODEL_PACKAGER_CACHE"] = str(folder / "cache")
        with WheelUnpacker(PYTHON, compiler) as unpacker:
            folders = unpacker.folders([add_to_wheelhouse(path) for path in paths])
        interpreter = base.saved.interpreter
        made = environment_layer("environment", VENV, PYTHON, interpreter, folders)
        for layer in (*grouped(folders, "wheels"), made):
            with tarfile.open(layer.path) as tar:
                tar.extractall(folder, filter="fully_trusted")
        ours, pips = folder / VENV, folder / "opt/pips"
        install(paths, pips)
        differences: list[str] = []
        wheels: Tree = {}
        for one in sorted((folder / WHEELS).iterdir()):
            wheels |= tree(one)
            differences += compare_record(one)
        differences += compare_files(wheels, tree(pips))
        differences += compare_environment(tree(ours), wheels)
        distributions = sorted(
            metadata.distributions(path=[str(site(pips))]), key=lambda one: one.name.lower()
        )
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for lines in pool.map(lambda one: compare_one(one, ours, pips, wheels), distributions):
                differences += lines
    print(*differences, f"{len(paths)} wheels, {len(differences)} differences", sep="\n")
    sys.exit(1 if differences else 0)


def site(top: Path) -> Path:
    return top / site_packages("", PYTHON).lstrip("/")


def download(wheelhouse: Path) -> None:
    """Download the wheels and their dependencies, unless they exist."""
    if not list(wheelhouse.glob("*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", str(wheelhouse), *NAMES.split()], check=True)


def add_to_wheelhouse(path: Path) -> Wheel:
    """Copy a wheel into the wheelhouse of this run."""
    name, version, _, _ = parse_wheel_filename(path.name)
    digest = sha256_file(path)
    wheel = Wheel(
        name=name, version=str(version), filename=path.name, sha256=digest, groups=("model",)
    )
    wheel_path(wheel).parent.mkdir(parents=True)
    wheel_path(wheel).symlink_to(path.resolve())
    return wheel


def install(paths: list[Path], folder: Path) -> None:
    venv.create(folder, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install"]
    options = ["--quiet", "--no-deps", "--no-compile", "--no-index"]
    subprocess.run([*pip, *options, *map(str, paths)], check=True)


def tree(top: Path) -> Tree:
    """Comparable files below a virtual environment: name → (digest, whether executable)."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        # pip's folder of headers in a virtual environment
        name = re.sub(rf"^include/site/python{PYTHON}/", "include/", name)
        if path.is_file() and not NOT_COMPARED.search(name):
            digest = sha256_bytes(body(path)) if name.startswith("bin/") else sha256_file(path)
            found[name] = (digest, bool(path.stat().st_mode & 0o100))
    return found


def body(path: Path) -> bytes:
    """A script without its first line and without installer-specific text."""
    content = path.read_bytes()
    if not content.startswith(b"#!"):
        return content
    text = content.partition(b"\n")[2]
    try:
        return ast.dump(ast.parse(text)).replace("(-script\\\\.pyw|\\\\.exe)?$", "").encode()
    except SyntaxError:
        return text


def compare_files(ours: Tree, pips: Tree) -> list[str]:
    """A line for each file that only one has, or that differs; what builds leave out may lack."""
    lines = [f"only ours: {name}" for name in sorted(ours.keys() - pips.keys())]
    lines += [
        f"only pip's: {name}"
        for name in sorted(pips.keys() - ours.keys())
        if not may_be_left_out(name)
    ]
    for name in sorted(ours.keys() & pips.keys()):
        if ours[name][0] != pips[name][0]:
            lines.append(f"other content: {name}")
        elif ours[name][1] != pips[name][1]:
            lines.append(f"other mode: {name}: program {ours[name][1]}, pip's {pips[name][1]}")
    return lines


def compare_environment(ours: Tree, wheels: Tree) -> list[str]:
    """A line for each program, data file or header that an environment lacks or changes."""
    modules = site_packages("", PYTHON).lstrip("/")
    wanted = {name: found for name, found in wheels.items() if not name.startswith(modules)}
    has = {name: found for name, found in ours.items() if not name.startswith(modules)}
    return compare_files(has, wanted)


def compare_record(ours: Path) -> list[str]:
    """A line for each file that no RECORD lists, and for each listed file that is missing."""
    named = {
        Path(os.path.normpath(one.locate_file(file)))
        for one in metadata.distributions(path=[str(site(ours))])
        for file in one.files or ()
    }
    there = {path for path in ours.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    lines = [f"in RECORD only: {path.relative_to(ours)}" for path in sorted(named - there)]
    return lines + [f"not in RECORD: {path.relative_to(ours)}" for path in sorted(there - named)]


def compare_one(one: metadata.Distribution, ours: Path, pips: Path, wheels: Tree) -> list[str]:
    """Import all modules of a distribution in both installations; print its line of the table."""
    files = [file.as_posix() for file in one.files or ()]
    modules = site_packages("", PYTHON).lstrip("/")
    left_out = sum(
        os.path.normpath(f"{modules}/{file}") not in wheels
        for file in files
        if not re.search(RECORDS, file)
    )
    scripts = sum("/bin/" in file for file in files)
    tops = {file.partition("/")[0].partition(".")[0] for file in files if IMPORTABLE.match(file)}
    lines, tried, failed = [], 0, 0
    for top in sorted(tops - {"test", "tests"}):
        (count, here), (wanted, there) = (imports(place, top) for place in (ours, pips))
        tried, failed = tried + wanted, failed + len(there)
        lines += [f"{name}: {text}; not with pip" for name, text in here.items() - there.items()]
        lines += [f"{name}: {text}; only with pip" for name, text in there.items() - here.items()]
        if count != wanted:
            lines.append(f"{top}: {count} modules tried, with pip {wanted}")
    print(
        f"{one.name + ' ' + one.version:34}{len(files):6} files {left_out:5} left out "
        f"{scripts:3} scripts {tried:5} modules {failed:4} fail in both {len(lines):4} differ",
        flush=True,
    )
    return lines


def imports(place: Path, top: str) -> tuple[int, dict[str, str]]:
    """Number of tried modules of ``top``, and the errors of those that failed."""
    home = tempfile.mkdtemp(dir=place.parent)
    command = [sys._base_executable, "-I", "-S", "-B", str(IMPORT_ALL), str(site(place)), top]
    environment = {"HOME": home, "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, cwd=home, stdin=subprocess.DEVNULL, check=False,
            capture_output=True, text=True, timeout=IMPORT_SECONDS
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 0, {top: f"not done after {IMPORT_SECONDS} s in {place.name}"}
    *failures, count = [json.loads(line) for line in done.stdout.splitlines()] or [0]
    if done.returncode or not isinstance(count, int):
        return 0, {top: f"ended with {done.returncode} in {place.name}"}
    return count, {name: f"{kind} {text}"[:200] for name, kind, text in failures}


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/thirty"))
