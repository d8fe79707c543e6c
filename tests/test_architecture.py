"""The import rules of docs/architecture.md, checked on the syntax tree of every module."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from modelhost.loaders.formats import FORMATS
from packager.image.runtime import SERVING_MODULES, TRAINING_MODULES

SHARED = SERVING_MODULES + TRAINING_MODULES
TOP = Path(__file__).parent.parent
ROOMS = ("modelhost", "packager", "serving", "monitoring")
IN_SHARED = frozenset({"pydantic", "numpy", "pandas"})
INSIDE_FUNCTIONS = frozenset({"sklearn", "pyarrow", "xxhash", "threadpoolctl", "scipy", "treelite"})
IN_MONITORING = IN_SHARED | {"prometheus_client"}
INSIDE_MONITORING = frozenset({"redis"})
IN_SERVING = IN_SHARED | {
    *("backports", "bentoml", "google", "hpack", "httptools", "msgspec", "orjson"),
    *("python_multipart", "uvicorn"),
}


@dataclass(frozen=True)
class Import:
    """One imported module by its full name, and whether it is imported with its importer."""

    name: str
    at_top: bool

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @property
    def foreign(self) -> bool:
        """Whether it is neither ours nor the standard library's."""
        return self.room not in ROOMS and self.room not in sys.stdlib_module_names


@functools.cache
def modules() -> dict[str, str]:
    """Posix path below the checkout → text, of every module that ships."""
    files = [path for room in ROOMS for path in (TOP / room).rglob("*.py")]
    return {path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in files}


@functools.cache
def imports(path: str, text: str) -> list[Import]:
    """Every import of a module; ``from a import b`` counts as ``a.b``."""
    return list(_imports(ast.parse(text), path, at_top=True))


def _imports(node: ast.AST, path: str, *, at_top: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, at_top) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = path.split("/")[: -node.level] if node.level else []
        module = ".".join([*parts, *([node.module] if node.module else [])])
        yield from (Import(f"{module}.{alias.name}", at_top) for alias in node.names)
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, path, at_top=at_top and not inside)


def is_shared(path: str) -> bool:
    """Whether a module works inside an image, ``serving`` aside, which stands above these."""
    return not path.startswith("serving/") and any(
        path.startswith(name) if name.endswith("/") else path == name for name in SHARED
    )


def is_served(path: str) -> bool:
    """Whether a module is in every image."""
    return any(
        path.startswith(name) if name.endswith("/") else path == name for name in SERVING_MODULES
    )


def names_shared(name: str) -> bool:
    """Whether an imported name is a shared module or something in one."""
    parts = name.split(".")
    places = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return any(
        is_shared(f"{place}.py") or is_shared(f"{place}/__init__.py") for place in places[1:]
    )


def monitoring_alone(path: str, text: str) -> list[str]:
    if not path.startswith("monitoring/"):
        return []
    return [
        found.name
        for found in imports(path, text)
        if found.room in ("packager", "serving")
        or (
            found.foreign
            and found.room not in IN_MONITORING
            and (found.at_top or found.room not in INSIDE_MONITORING)
        )
    ]


def shared_modules(path: str, text: str) -> list[str]:
    if not path.startswith("packager/") or not is_shared(path):
        return []
    return [
        found.name
        for found in imports(path, text)
        if found.room == "serving"
        or (found.room == "packager" and not names_shared(found.name))
        or (
            found.foreign
            and found.room not in IN_SHARED
            and (found.at_top or found.room not in INSIDE_FUNCTIONS)
        )
    ]


def serving_modules(path: str, text: str) -> list[str]:
    if not path.startswith("serving/"):
        return []
    return [
        found.name
        for found in imports(path, text)
        if (found.room == "packager" and not names_shared(found.name))
        or (found.foreign and found.room not in IN_SERVING)
    ]


IN_THE_MODELS_PROCESS = (
    *("fitted_parts", "model", "predict_once", "project_code", "recipe", "serve"),
    *("served_model", "storage", "session"),
    *("compiling.estimators", "compiling.forms", "compiling.sklearn_trees", "compiling.trees"),
    *("compiling.verbs", "compiling.walk", "state.state", "library_forms", "objects"),
    *("loaders.opening", "loaders.contents", *(f"loaders.{name}" for name in FORMATS)),
)
"""What of ``modelhost`` imports the project's code, unpickles its model, or looks inside it."""


LIBRARIES = frozenset(import_module(f"modelhost.loaders.{name}").LIBRARY for name in FORMATS) - {
    "lightgbm",
    "xgboost",
}
"""What loads models of other formats; tables of these two's trees are read by treelite."""


def models_stay_in_their_processes(path: str, text: str) -> list[str]:
    # This script is a process of the model, in an emulator.
    if path.startswith("modelhost/") or path == "packager/runners/emulated_answers.py":
        return []
    refused = tuple(f"modelhost.{name}" for name in IN_THE_MODELS_PROCESS)
    return [
        found.name
        for found in imports(path, text)
        if found.name in refused
        or found.name.startswith(tuple(f"{one}." for one in refused))
        or found.room in ("joblib", "cloudpickle", "dill", *LIBRARIES)
    ]


def nothing_imports_serving(path: str, text: str) -> list[str]:
    if path.startswith("serving/"):
        return []
    return [found.name for found in imports(path, text) if found.room == "serving"]


PARTS_OF_DOCKER = {
    "packager/project/code_files.py": {"docker.utils.build.exclude_paths"},
    "packager/registry/credentials.py": {
        *("docker.auth.AuthConfig", "docker.auth.load_config", "docker.errors.DockerException"),
        *("docker.credentials.errors.StoreError", "docker.utils.config.find_config_file"),
    },
    "packager/registry/repository.py": {"docker.auth.INDEX_NAME"},
    "packager/registry/session.py": {"docker.auth.INDEX_NAME", "docker.auth.INDEX_URL"},
}
"""What others take from Docker's SDK: no client."""


def one_docker_client(path: str, text: str) -> list[str]:
    if path in (f"packager/engine/{name}.py" for name in ("engine", "containers", "swarm")):
        return []
    pure = PARTS_OF_DOCKER.get(path, ())
    return [
        found.name
        for found in imports(path, text)
        if found.room == "docker" and found.name not in pure
    ]


def one_http_client_for_registries(path: str, text: str) -> list[str]:
    if not path.startswith("packager/registry/") or path == "packager/registry/transport.py":
        return []
    return [found.name for found in imports(path, text) if found.room in ("requests", "urllib3")]


def one_place_for(room: str, *places: str):
    def rule(path: str, text: str) -> list[str]:
        if path in places:
            return []
        return [found.name for found in imports(path, text) if found.room == room]

    return rule


def one_folder_for(folder: str, *rooms: str):
    def rule(path: str, text: str) -> list[str]:
        if path.startswith(folder):
            return []
        return [found.name for found in imports(path, text) if found.room in rooms]

    return rule


ENDS = re.compile(r"\b(print|exit|_exit|quit|SystemExit)\b")


def no_print_or_exit(path: str, text: str) -> list[str]:
    """Calls of print, exit and their like; what a module does as a program is its own matter."""
    programs = (
        *("/console.py", "/__main__.py", "serving/processes/fork.py", "modelhost/serve.py"),
        *("serving/processes/early_end.py", "runners/process_tree.py", "modelhost/fork_server.py"),
    )
    if path.startswith("packager/cli/") or path.endswith(programs) or not ENDS.search(text):
        return []
    tree = ast.parse(text)
    program = [
        inner
        for node in tree.body
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        for inner in ast.walk(node)
    ]
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call | ast.Raise) or node in program:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "print",
            "exit",
            "quit",
            "sys.exit",
            "os._exit",
        ):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Raise) and node.exc and "SystemExit" in ast.unparse(node.exc):
            found.append(ast.unparse(node))
    return found


# rule → (a module that keeps it, modules that break it)
RULES = {
    monitoring_alone: (
        ("monitoring/stats/drift.py", "import numpy\nfrom monitoring.slices.slices import Rule\n"),
        [
            ("monitoring/stats/drift.py", "from packager.errors import PackageError\n"),
            ("monitoring/stats/drift.py", "def f():\n    import serving.app\n"),
            ("monitoring/stats/drift.py", "import sklearn\n"),
            ("monitoring/stats/drift.py", "import redis\n"),
        ],
    ),
    shared_modules: (
        (
            "packager/worker/x.py",
            "from packager.data.rows import request_rows\ndef f():\n    import scipy\n",
        ),
        [
            ("packager/manifest/manifest.py", "from packager.project.config import Project\n"),
            ("packager/manifest/manifest.py", "from packager import project\n"),
            ("packager/worker/x.py", "from ..image import layers\n"),
            ("packager/data/rows/request_rows.py", "def f():\n    from serving import app\n"),
            ("packager/data/rows/request_rows.py", "import pyarrow as pa\n"),
            ("packager/data/rows/request_rows.py", "class A:\n    import sklearn\n"),
            ("packager/digest.py", "try:\n    import xxhash\nexcept ImportError:\n    pass\n"),
            ("packager/worker/x.py", "def f():\n    import requests\n"),
        ],
    ),
    serving_modules: (
        ("serving/x.py", "import bentoml\nfrom packager.model.model import Model\n"),
        [
            ("serving/x.py", "from packager.project.config import Project\n"),
            ("serving/x.py", "import packager.cli\n"),
            ("serving/x.py", "def f():\n    import sklearn\n"),
            ("serving/x.py", "from prometheus_client import Counter\n"),
        ],
    ),
    models_stay_in_their_processes: (
        ("packager/x.py", "from modelhost.wire import Message\nfrom modelhost.state import Leaf\n"),
        [
            ("packager/worker/x.py", "from modelhost.model import load_model\n"),
            ("packager/worker/x.py", "def f():\n    from modelhost import model\n"),
            ("serving/x.py", "import modelhost.session\n"),
            ("packager/model/x.py", "from modelhost.state import state\n"),
            ("packager/worker/x.py", "def f():\n    import joblib\n"),
        ],
    ),
    nothing_imports_serving: (
        ("packager/x.py", "import observing\n"),
        [
            ("packager/x.py", "import serving.app\n"),
            ("monitoring/x.py", "def f():\n    from serving import app\n"),
        ],
    ),
    one_docker_client: (
        ("packager/project/code_files.py", "from docker.utils.build import exclude_paths\n"),
        [
            ("packager/project/code_files.py", "from docker.utils.build import tar\n"),
            ("packager/project/code_files.py", "import docker\n"),
            ("packager/build/pipeline.py", "from docker.utils.build import exclude_paths\n"),
            ("packager/run/serve.py", "def f():\n    import docker.errors\n"),
        ],
    ),
    one_http_client_for_registries: (
        ("packager/registry/transport.py", "import requests\n"),
        [
            ("packager/registry/session.py", "import requests\n"),
            ("packager/registry/blobs.py", "def f():\n    from urllib3 import PoolManager\n"),
        ],
    ),
    one_place_for(
        "prometheus_client", "monitoring/metrics/registry.py", "packager/client/exposition.py"
    ): (
        ("monitoring/metrics/registry.py", "import prometheus_client\n"),
        [("serving/app.py", "def f():\n    from prometheus_client import Counter\n")],
    ),
    one_place_for(
        "uvicorn",
        "serving/http/server.py",
        "serving/http/fast_path.py",
        "serving/http/upgrades.py",
        "serving/http/uvicorn_check.py",
        "packager/tracker/service/run.py",
    ): (
        ("serving/http/server.py", "import uvicorn\n"),
        [
            ("serving/app.py", "import uvicorn\n"),
            ("serving/http/asgi.py", "import uvicorn.config\n"),
        ],
    ),
    one_place_for("hpack", "serving/http2/header_blocks.py"): (
        ("serving/http2/header_blocks.py", "from hpack import Decoder\n"),
        [("serving/http2/sending.py", "from hpack import Encoder\n")],
    ),
    one_place_for("cryptography", "packager/trust/keys.py"): (
        ("packager/trust/keys.py", "import cryptography\n"),
        [
            ("packager/trust/envelope.py", "from cryptography.hazmat import x\n"),
            ("packager/model/p256.py", "def f():\n    import cryptography\n"),
        ],
    ),
    one_place_for("python_multipart", "serving/protocols/form_parts.py"): (
        ("serving/protocols/form_parts.py", "def f():\n    import python_multipart\n"),
        [("serving/app.py", "import python_multipart\n")],
    ),
    one_place_for("bentoml", "serving/service.py"): (
        ("serving/service.py", "import bentoml\n"),
        [
            ("serving/app.py", "import bentoml\n"),
            ("packager/run/serve.py", "import bentoml.client\n"),
        ],
    ),
    one_folder_for("packager/tracker/service/", "starlette", "jinja2"): (
        ("packager/tracker/service/app.py", "import starlette.routing\nimport jinja2\n"),
        [
            ("packager/tracker/intake.py", "import starlette\n"),
            ("packager/report/page.py", "def f():\n    from jinja2 import Environment\n"),
        ],
    ),
    no_print_or_exit: (
        ("serving/health.py", "import sys\nif __name__ == '__main__':\n    sys.exit(0)\n"),
        [
            ("packager/build/pipeline.py", "def f():\n    print('done')\n"),
            ("packager/build/pipeline.py", "import sys\ndef f():\n    sys.exit(1)\n"),
            ("packager/build/pipeline.py", "def f():\n    raise SystemExit(2)\n"),
            ("serving/app.py", "import os\nos._exit(1)\n"),
        ],
    ),
}
NAMES = [rule.__qualname__.partition(".")[0] for rule in RULES]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_house_keeps_the_rule(rule):
    broken = {path: found for path, text in modules().items() if (found := rule(path, text))}
    assert broken == {}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_rule_can_be_kept_and_broken(rule):
    good, bad = RULES[rule]
    assert rule(*good) == []
    for example in bad:
        assert rule(*example), example


def test_every_room_is_walked():
    found = modules()
    assert {path.split("/")[0] for path in found} == set(ROOMS)
    assert all(any(path.startswith(name) for path in found) for name in SHARED)


def test_shared_names_are_distinguished_from_host_names():
    assert names_shared("packager.errors.PackageError")
    assert names_shared("packager.data.rows.request_rows")
    assert names_shared("packager.worker")
    assert not names_shared("packager.database")
    assert not names_shared("packager.cli.main")
    assert not names_shared("packager")


STARTED = (
    "modelhost/__main__.py",
    "serving/__main__.py",
    "serving/health.py",
    "serving/platforms.py",
    "serving/predict_file.py",
    "serving/scoring/__main__.py",
    "serving/service.py",
    "serving/compiled_check/checker.py",
)
"""What is started by name in a served image: the server's processes, its health check, the program
``serve``, and what ``package predict`` runs."""


def imported_modules(name: str, known: Collection[str]) -> set[str]:
    """The modules that importing ``name`` executes: itself, and the packages around it."""
    parts = name.split(".")
    places = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return {
        path
        for place in places
        for path in (f"{place}.py", f"{place}/__init__.py")
        if path in known
    }


def reached(starts: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """Every module that these import, directly or through others, in functions too."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        names = [one.name for one in imports(path, texts[path])]
        names.append(path.removesuffix(".py").replace("/", "."))
        waiting += [inner for name in names for inner in imported_modules(name, texts)]
    return found


@pytest.mark.slow
def test_an_image_that_serves_holds_what_it_imports_and_nothing_else():
    texts = modules()
    served = {path for path in texts if is_served(path)}
    needed = reached(STARTED, texts)
    assert sorted(needed - served) == []
    assert sorted(served - needed) == []


def test_the_walk_of_imports_follows_functions_and_packages():
    texts = {
        "serving/__init__.py": "",
        "serving/a.py": "def f():\n    from serving.b import c\n",
        "serving/b/__init__.py": "",
        "serving/b/c.py": "import packager.errors\n",
        "packager/__init__.py": "",
        "packager/errors.py": "",
        "packager/digest.py": "",
    }
    assert reached(["serving/a.py"], texts) == set(texts) - {"packager/digest.py"}


FLOORS = {
    name: floor
    for floor, names in {
        9: "cli",
        8: "api",
        7: "build report findings rollout",
        6: "run review replicas labelling testing scoring",
        5: "runners compare deploy trust solutions",
        4: "project tables image worker serving tracker",
        3: "data model environment engine client registry",
        2: "capture manifest files cache location tar_reader confinement",
        1: "errors digest progress text lease exit_reason monitoring",
        0: "modelhost",
    }.items()
    for name in names.split()
}
"""Rooms (folders of ``packager``, its own modules, and the three siblings): each imports rooms of
lower floors only. A few are kept free for what is to come."""
MAX_ROOT_FILES = 12


def room_of(name: str) -> str:
    """The room of a module by its dotted name; empty for ``packager`` itself."""
    first, _, rest = name.partition(".")
    return first if first != "packager" else rest.partition(".")[0]


def upward(path: str, text: str) -> list[str]:
    """Imports of rooms that are not below the importing one."""
    here = room_of(path.removesuffix(".py").replace("/", "."))
    if here in ("", "__init__"):
        return []
    found = []
    for one in imports(path, text):
        there = room_of(one.name) if one.room in ROOMS else ""
        if there in ("", here):
            continue
        if FLOORS[there] >= FLOORS[here]:
            found.append(one.name)
    return found


@pytest.mark.slow
def test_every_room_stands_above_what_it_imports():
    broken = {path: found for path, text in modules().items() if (found := upward(path, text))}
    assert broken == {}


def test_a_room_that_looks_up_is_found():
    assert upward("packager/run/x.py", "from packager.build import pipeline\n")
    assert upward("packager/tables/x.py", "def f():\n    from packager.review import gate\n")
    assert upward("packager/errors.py", "import packager.text\n")
    assert upward("packager/data/x.py", "from packager.model.model import load_model\n")
    assert upward("packager/model/x.py", "from packager.data import frames\n")
    assert not upward("packager/cli/x.py", "from packager.build import pipeline\n")


def test_few_files_lie_at_the_root():
    found = [
        path
        for path in (TOP / "packager").iterdir()
        if path.is_file() and path.name != "__init__.pyi"  # the types of __init__.py
    ]
    assert len(found) <= MAX_ROOT_FILES


def loaded_by(statement: str, *names: str) -> list[str]:
    """Which of ``names`` a fresh interpreter has loaded after ``statement``."""
    script = f"import sys\n{statement}\nprint(*[name for name in {names} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


SLOW = (
    "bentoml", "deltalake", "docker", "joblib", "numpy", "pandas", "prometheus_client",
    "pyarrow", "pydantic", "requests", "rich", "sklearn", "yaml",
)  # fmt: skip


def test_help_and_completion_import_no_slow_library():
    assert loaded_by("import packager.cli.commands", *SLOW) == []


@pytest.mark.slow
def test_inspect_imports_no_library_for_data_frames():
    statement = (
        "from packager.engine.engine import Engine\n"
        "from packager.image.reference import open_reference\n"
        "from packager.report import package"
    )
    assert loaded_by(statement, *SLOW) == ["docker", "pydantic", "requests"]


def test_the_look_at_loaded_modules_can_fail():
    assert loaded_by("import joblib", "bentoml", "joblib") == ["joblib"]
