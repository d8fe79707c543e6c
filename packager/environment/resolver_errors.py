"""Turns uv's messages about unsatisfiable requirements into errors with a fitting hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from packager.environment.platform import WheelTarget
from packager.environment.requirement_lines import wheel_commands
from packager.errors import PackageError, UsageError

Probe = Callable[[str, str], str | None]
"""(requirement, Python) → its lowest version with a wheel compatible with Python and runtime."""

INSTALLED_AS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "psycopg2": "psycopg2-binary",
    "pytorch": "torch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "tensorflow-gpu": "tensorflow",
    "yaml": "pyyaml",
}
"""Import name or former name → name in an index."""
_COMMON = [
    "beautifulsoup4", "catboost", "category-encoders", "cloudpickle", "dask", "datasets",
    "feature-engine", "gensim", "imbalanced-learn", "jinja2", "joblib", "keras", "lifelines",
    "lightgbm", "matplotlib", "mlflow", "networkx", "nltk", "numba", "numpy", "onnxruntime",
    "opencv-python-headless", "openpyxl", "optuna", "pandas", "pillow", "plotly", "polars",
    "prophet", "psycopg2-binary", "pyarrow", "pydantic", "pyyaml", "requests", "scikit-image",
    "scikit-learn", "scipy", "seaborn", "sentence-transformers", "shap", "skops", "spacy",
    "sqlalchemy", "statsmodels", "tensorflow", "tokenizers", "torch", "torchvision", "tqdm",
    "transformers", "typing-extensions", "umap-learn", "xgboost", "xgboost-cpu",
]  # fmt: skip
_PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8")
_SYSTEMS = {"win": "win32", "macosx": "darwin"}

NO_WHEEL = re.compile(
    r"(?:all versions of )?(?P<name>[\w.-]+?)(?P<pin>(?:[=<>]=?[\w.!+*]+)?) ha(?:s|ve) no "
    r"(?:usable wheels|wheels with a matching)"
)
_PLATFORMS = re.compile(r"Wheels are available for `(?P<name>[^`]+)` \(v[^)]*\) on the following "
                        r"platforms?: (?P<all>(?:`\w+`(?:, )?)+)")  # fmt: skip
NOT_FOUND = re.compile(r"(?P<name>[\w.-]+) was not found in (?:the package registry|the provided)")
_NOT_PROVIDED = re.compile(r"(?P<name>[\w.-]+) was not found in the provided package locations")
_SETTINGS = "uv.toml, [tool.uv] of pyproject.toml, pip's configuration or the requirements file"
_NO_VERSION = re.compile(
    r"there (?:is|are) no versions? of (?P<name>[\w.-]+?)(?P<pin>[=<>~!][^ ]+)"
)
_FETCH = re.compile(r"(?:Failed to fetch|error sending request for url)[: (`]+(?P<url>[^\s)`]+)")


def single_line(stderr: str) -> str:
    """uv's message without its symbols and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"^\W+", "", stderr, flags=re.MULTILINE)).strip()


OTHER_INDEXES = (
    "only the first index that has a package is queried for it; if you trust all of your indexes "
    'equally, write index_strategy = "unsafe-best-match" under [requirements] in package.toml'
)


def resolver_error(text: str, called: str, target: WheelTarget, probe: Probe) -> PackageError:
    """The error for project requirements that can't be resolved, with a hint for the cause.

    ``text`` is uv's message in one line; ``called`` is the file. ``probe`` looks up single
    packages.
    """
    of_settings = _settings_error(text, f"{called}: can't be resolved")
    if of_settings is not None:
        return of_settings
    if "Couldn't parse" in text or "Unexpected" in text:
        return UsageError(f"{called}: {text}", "write one requirement a line, in pip's syntax")
    fetch = _FETCH.search(text)
    if fetch is not None:
        return unreached(text, called, fetch["url"])
    missing = NO_WHEEL.search(text)
    if missing is not None:
        problem = f"{called}: a requirement has no wheel that fits: {text}"
        return PackageError(problem, _without_wheel(text, missing, target, probe))
    problem = f"{called}: can't be resolved: {text}"
    if "index-strategy" in text:
        return PackageError(problem, OTHER_INDEXES)
    unknown = NOT_FOUND.search(text)
    if unknown is not None:
        return PackageError(problem, _unknown(unknown["name"]))
    absent = _NO_VERSION.search(text)
    if absent is not None:
        return PackageError(problem, _no_version(absent["name"], absent["pin"], target, probe))
    if "Distribution not found at" in text:
        hint = "a relative path counts from where the command runs: run it in the project's folder"
        return PackageError(problem, hint)
    if "does not satisfy Python" in text or "requires-python" in text.lower():
        hint = f"the base has Python {target.python}: take versions that support it"
        return PackageError(problem, hint)
    if "Failed to read" in text or "Failed to extract" in text:
        return PackageError(problem, "that file is no whole wheel: build it, or copy it, again")
    if "in the distribution filename" in text:
        return PackageError(problem, f"write the name that the file has in {called}")
    if "unsatisfiable" not in text:
        return PackageError(problem, f"change what it names in {called} or in uv's configuration")
    return PackageError(
        problem, f"these lines exclude each other: loosen one of them in {called}, or both"
    )


def _settings_error(text: str, said: str) -> PackageError | None:
    """The error for what a setting of uv causes; None if none does."""
    if "TOML parse error" in text:
        cause = re.sub(r".*?TOML parse error at line \d+, column \d+ \d+ \|\s*", "", text)
        return UsageError(f"{said}: uv can't read the setting {cause}", f"fix it in {_SETTINGS}")
    excluded = _NOT_PROVIDED.search(text)
    if excluded is not None:
        return PackageError(
            f"{said}: {text}",
            f"check the name {excluded['name']}; no index is asked, because no-index is set in "
            f"{_SETTINGS}: take it out, or put a wheel of {excluded['name']} into a folder that "
            "find-links names",
        )
    if "was filtered by `exclude-newer`" in text:
        return PackageError(f"{said}: {text}", f"set a later exclude-newer in {_SETTINGS}")
    return None


def conflict(text: str, called: str, runtime: Sequence[str]) -> PackageError:
    """The error for a conflict of the project's requirements with the model host's."""
    together = f"{called} and what the model host needs can't be resolved together"
    of_settings = _settings_error(text, together)
    if of_settings is not None:
        return of_settings
    named = [line for line in runtime if re.search(rf"\b{re.escape(_name(line))}\b", text)]
    return PackageError(
        f"{together}: {text}",
        f"loosen {called}; the model host needs: {', '.join(named or runtime)}",
    )


def no_wheel_for(name: str, version: str, target: WheelTarget) -> PackageError:
    """The error for a resolved package without a wheel for the base, such as an sdist's URL."""
    pinned = f"{name}=={version}" if version else name
    return PackageError(
        f"{pinned}: expected a wheel for Python {target.python} on {target.uv_platform}, got none",
        wheel_commands(pinned, target.python, f"write `{pinned}`"),
    )


def other_hash(name: str, filename: str, sha256: str) -> PackageError:
    """The error for a package whose wheel has none of the hashes that the project names."""
    return PackageError(
        f"{name}: expected a wheel with one of the hashes that the requirements name, got "
        f"{filename} with sha256 {sha256}",
        f"if you trust your index, add --hash=sha256:{sha256}, or lock again; else find out why "
        "the files differ",
    )


def _without_wheel(text: str, missing: re.Match[str], target: WheelTarget, probe: Probe) -> str:
    name = missing["name"]
    pin = missing["pin"] if missing["pin"].startswith("==") else ""  # other bounds are uv's
    if name.lower() in INSTALLED_AS:
        return f"write {INSTALLED_AS[name.lower()]}: the index lists {name} under that name"
    platforms = next((m["all"] for m in _PLATFORMS.finditer(text) if m["name"] == name), "")
    tags = re.findall(r"`(\w+)`", platforms)
    systems = {
        system for tag in tags for start, system in _SYSTEMS.items() if tag.startswith(start)
    }
    if tags and not any("linux" in tag for tag in tags):
        marked = " or ".join(f'sys_platform == "{system}"' for system in sorted(systems))
        return (
            f"{name} has wheels for {', '.join(tags)} only, and the image is Linux: leave it out, "
            f"or write `{name}{pin}; {marked}` so that it is required there only"
        )
    if tags:
        problem = f"{name} has wheels for {', '.join(tags)} only, not for {target.uv_platform}: "
        return problem + (_of_python(name, pin, target, probe) or "take another version of it")
    hint = _of_python(name, pin, target, probe)
    return hint or wheel_commands(f"{name}{pin}", target.python, f"keep `{name}{pin}`")


def _of_python(name: str, pin: str, target: WheelTarget, probe: Probe) -> str | None:
    """Hint: Python versions with a wheel of ``name``, and its first version for the target.

    None if there are neither.
    """
    others = [p for p in _PYTHONS if p != target.python and probe(f"{name}{pin}", p)]
    later = probe(f"{name}>={pin[2:]}" if pin else name, target.python)
    if not others and later is None:
        return None
    had = f"{name}{pin} has wheels for Python {', '.join(reversed(others))}, "
    problem = had if others else f"{name}{pin} has none, "
    if later is not None:
        return f"{problem}the base has {target.python}: write {name}=={later}, the first with one"
    return f"{problem}the base has {target.python}: take another package in its place"


def unreached(text: str, called: str, url: str, *, refused: bool = False) -> PackageError:
    """The error for an index that does not answer, or that refuses the user (``refused``)."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
    if refused or re.search(r"\b(401|403)\b|Unauthorized|Forbidden", text):
        hint = (
            f"{host} requires credentials: put name and password into its URL in your pip or uv "
            "configuration, or into ~/.netrc, not into the project"
        )
    elif re.search(r"UnknownIssuer|certificate", text):
        hint = (
            f"{host} has a certificate that this machine does not trust: if it is of a CA of your "
            "company, name its file in SSL_CERT_FILE, or as `cert` in your pip configuration"
        )
    else:
        hint = (
            f"{host} does not answer: check the network, a proxy (HTTPS_PROXY) and the index in "
            "your pip or uv configuration"
        )
    return PackageError(f"{called}: can't be resolved: {text}", hint)


def _unknown(name: str) -> str:
    known = INSTALLED_AS.get(name.lower())
    if known is not None:
        return f"write {known}: an index lists {name} under that name"
    close = difflib.get_close_matches(name.lower(), _COMMON, 1, 0.8)
    if close and close[0] != name.lower():
        return f"no index has {name}: did you mean {close[0]}?"
    return (
        f"none of your indexes has {name}: check the name; a package of your company needs its "
        "index in your pip or uv configuration (extra-index-url)"
    )


def _no_version(name: str, pin: str, target: WheelTarget, probe: Probe) -> str:
    if "+" in pin:
        return (
            "versions with + are in a separate index or folder: name it in your pip or uv "
            f"configuration (extra-index-url, find-links); or write {name}{pin.partition('+')[0]}"
        )
    least = probe(name, target.python)
    if least is None:
        return f"no version of {name} has a wheel for Python {target.python}: check the name"
    return f"{name} has no such version: `pip index versions {name}` lists those it has"


def _name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
