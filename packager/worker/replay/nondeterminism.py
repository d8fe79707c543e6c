"""Find possible sources of nondeterminism in a project's code by static analysis.

A finding is a hint, not a proof: findings are reported only if a repeat differed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CLOCK = "reads the clock"
UNSEEDED = "draws random numbers without the seed"
DIRECTORY_ORDER = "reads files in directory order, which is undefined"
UNORDERED = "iterates over a set, whose order may differ"
THREADS = "runs in parallel: completion order and summation order may differ"
ADDRESS = "depends on addresses in memory or on the hash seed"
ENVIRONMENT = "reads the environment it runs in"
MACHINE = "reads a file of the machine, not of the project"
PROGRAM = "starts a program that is not in the package"

CALLS = {
    CLOCK: {
        "time": "time time_ns localtime gmtime monotonic perf_counter strftime ctime process_time",
        "os.path": "getmtime getctime getatime",
        "datetime.datetime": "now utcnow today",
        "datetime.date": "today",
        "pandas.Timestamp": "now today utcnow",
    },
    UNSEEDED: {
        "os": "urandom getrandom",
        "uuid": "uuid1 uuid4",
        "secrets": "token_bytes token_hex randbelow randbits choice",
        "random": "SystemRandom",
        "torch": "seed",
    },
    THREADS: {
        "threading": "Thread",
        "concurrent.futures": "ThreadPoolExecutor ProcessPoolExecutor as_completed",
        "multiprocessing": "Pool Process",
        "multiprocessing.pool": "Pool ThreadPool",
        "multiprocessing.dummy": "Pool",
        "joblib": "Parallel",
    },
    ENVIRONMENT: {
        "os": "getpid getppid getenv getcwd getuid getlogin uname cpu_count sched_getaffinity",
        "multiprocessing": "cpu_count",
        "joblib": "cpu_count",
        "psutil": "cpu_count virtual_memory",
        "socket": "gethostname getfqdn",
        "platform": "node platform processor machine release uname",
        "getpass": "getuser",
        "pathlib.Path": "home cwd",
        "locale": "getlocale",
    },
    PROGRAM: {
        "subprocess": "run Popen call check_call check_output getoutput getstatusoutput",
        "os": "system popen execv execve spawnv posix_spawn",
    },
}
REASONS = {
    f"{module}.{name}": reason
    for reason, modules in CALLS.items()
    for module, names in modules.items()
    for name in names.split()
} | {"id": ADDRESS, "hash": ADDRESS}
GENERATORS = "default_rng RandomState SeedSequence seed PCG64 PCG64DXSM MT19937 Philox SFC64"
SEEDABLE = frozenset(f"numpy.random.{name}" for name in GENERATORS.split()) | {
    "random.Random",
    "random.seed",
}
"""Unseeded if called without an argument or with None."""
LISTING = frozenset(["os.listdir", "os.scandir", "glob.glob", "glob.iglob", "os.walk"])
NOW_CALLS = frozenset(["pandas.Timestamp", "pandas.to_datetime", "numpy.datetime64"])
"""Clocks if called with the text ``now`` or ``today``."""
TIMESTAMPS = frozenset(["st_mtime", "st_ctime", "st_atime", "st_mtime_ns", "st_ctime_ns"])
HOST_FOLDERS = ("/etc/", "/proc/", "/sys/", "/dev/", "/var/", "/home/", "/root/")
LISTING_METHODS = frozenset(["iterdir", "rglob", "glob"])
PARALLEL = frozenset(["n_jobs", "n_threads", "num_threads", "nthread", "thread_count"])
SEQUENCES = frozenset(["list", "tuple", "enumerate", "iter", "dict"])
SET_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
ORDER_FREE = frozenset(["sorted", "len", "sum", "min", "max", "any", "all", "set", "frozenset"])


def find_nondeterminism(folder: Path) -> tuple[str, ...]:
    """``file:line: call reason`` for every Python file below ``folder``, in order."""
    calls: list[str] = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        try:
            tree = ast.parse(path.read_text(encoding="utf-8-sig", errors="replace"))
        except SyntaxError:
            continue  # training can't have imported this file
        calls += [f"{name}:{line}: {what}" for line, what in sorted(set(_findings(tree)))]
    return tuple(calls)


def _findings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    names = _imported(tree)
    ordered = _made_orderly(tree)
    sets = _names_of_sets(tree, names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _dotted(node.func, names)
            reason = _reason(node, called)
            if reason is not None and not (reason == DIRECTORY_ORDER and node in ordered):
                yield node.lineno, f"{called or 'the call'}() {reason}"
        elif isinstance(node, ast.Attribute):
            if _dotted(node, names) == "os.environ":
                yield node.lineno, f"os.environ {ENVIRONMENT}"
            elif node.attr in TIMESTAMPS:
                yield node.lineno, f"{node.attr} {CLOCK}"
        elif isinstance(node, ast.Constant) and _of_the_machine(node.value):
            yield node.lineno, f"{node.value!s} {MACHINE}"
        for source in _gone_through(node):
            if _is_set(source, names, sets) and source not in ordered:
                yield source.lineno, f"a loop {UNORDERED}"


def _of_the_machine(value: object) -> bool:
    return isinstance(value, str) and value.startswith(HOST_FOLDERS) and " " not in value


def _reason(call: ast.Call, called: str) -> str | None:
    if called in SEEDABLE and _unseeded(call):
        return UNSEEDED
    if called in REASONS:
        return REASONS[called]
    first = call.args[0] if call.args else None
    if called in NOW_CALLS and isinstance(first, ast.Constant) and first.value in ("now", "today"):
        return CLOCK
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if called in LISTING or method in LISTING_METHODS:
        return DIRECTORY_ORDER
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg in PARALLEL and not (isinstance(value, ast.Constant) and value.value == 1):
            return THREADS
    return None


def _unseeded(call: ast.Call) -> bool:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(value, ast.Constant) and value.value is None for value in arguments)


def _gone_through(node: ast.AST) -> Iterator[ast.expr]:
    """The iterables of a loop, a comprehension or a conversion to a sequence."""
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
        yield from (part.iter for part in node.generators)
    elif isinstance(node, ast.Call) and _dotted(node.func, {}) in SEQUENCES and node.args:
        yield node.args[0]


def _is_set(node: ast.expr, names: dict[str, str], sets: frozenset[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in sets
    if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
        return _is_set(node.left, names, sets) or _is_set(node.right, names, sets)
    return isinstance(node, ast.Call) and _dotted(node.func, names) in ("set", "frozenset")


def _names_of_sets(tree: ast.Module, names: dict[str, str]) -> frozenset[str]:
    """Names that are only assigned sets in the file."""
    assigned: dict[str, list[bool]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    of_set = _is_set(node.value, names, frozenset())
                    assigned.setdefault(target.id, []).append(of_set)
    return frozenset(name for name, of_sets in assigned.items() if all(of_sets))


def _made_orderly(tree: ast.Module) -> set[ast.AST]:
    """All nodes in arguments of order-independent calls, such as ``sorted(os.listdir(…))``."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ORDER_FREE
        for argument in node.args
        for inner in ast.walk(argument)
    }


def _imported(tree: ast.Module) -> dict[str, str]:
    """Local name → imported name: ``np`` → ``numpy``, ``now`` → ``time.time``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    """The full name: ``np.random.default_rng`` → ``numpy.random.default_rng``; empty if none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, names)
        return f"{before}.{node.attr}" if before else ""
    return ""
