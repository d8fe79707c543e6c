"""What a pickle may call of the modules that fickling, picklescan and modelscan warn of."""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path

import pytest

from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import here

MODULES = (
    *("asyncio", "bdb", "builtins", "cProfile", "code", "codecs", "codeop", "collections"),
    *("compileall", "concurrent.futures", "configparser", "ctypes", "dis"),
    *("doctest", "ensurepip", "faulthandler", "fileinput", "ftplib", "functools", "gc", "glob"),
    *("gzip", "http.client", "http.server", "imaplib", "importlib", "importlib.util"),
    *("inspect", "io", "linecache", "logging", "logging.config", "lzma", "marshal"),
    *("mmap", "multiprocessing", "multiprocessing.util", "netrc", "operator", "os", "pathlib"),
    *("pdb", "pickle", "pickletools", "pip", "pkgutil", "platform", "poplib", "posix", "profile"),
    *("pstats", "pty", "py_compile", "pyclbr", "pydoc", "queue", "runpy", "sched", "select"),
    *("shelve", "shlex", "shutil", "signal", "site", "smtplib", "socket", "socketserver"),
    *("sqlite3", "ssl", "subprocess", "sys", "sysconfig", "tarfile", "tempfile"),
    *("test.support", "threading", "timeit", "tkinter", "trace", "tracemalloc", "types"),
    *("unittest.mock", "urllib.request", "uuid", "venv", "weakref", "webbrowser", "xmlrpc.client"),
    *("zipfile", "zipimport", "_io", "_posixsubprocess", "_thread", "_pickle"),
)
HARMLESS = {
    *("builtins." + one.__name__ for one in (bool, bytearray, bytes, complex, dict, float)),
    *("builtins." + one.__name__ for one in (frozenset, int, list, object, range, set, slice)),
    *("builtins." + one.__name__ for one in (str, tuple, type)),  # of one argument: its class
    *(
        "collections." + name
        for name in ("ChainMap", "Counter", "OrderedDict", "defaultdict", "deque")
    ),
    *("functools.partial", "logging.getLogger", "operator.itemgetter", "types.SimpleNamespace"),
    *("pathlib." + name for name in ("Path", "PosixPath", "PurePath", "PurePosixPath")),
    *("pathlib." + name for name in ("PureWindowsPath", "WindowsPath")),
    *("operator.attrgetter", "operator.methodcaller", "uuid.SafeUUID", "uuid.UUID"),
}
"""Values, and what makes one without calling what it is given."""


def named(module: str, name: str) -> bytes:
    """A pickle that calls ``module.name("x")``."""
    texts = [b"\x8c" + bytes([len(text)]) + text for text in (module.encode(), name.encode())]
    return b"\x80\x04" + b"".join(texts) + b"\x93\x8c\x01x\x85R."


@pytest.mark.slow
def test_only_values_and_exceptions_may_be_called(tmp_path: Path) -> None:
    judge, path, tried = Judge(here()), tmp_path / "model.pkl", 0
    passed: list[str] = []
    for module in MODULES:
        try:
            found = importlib.import_module(module)
        except ImportError:
            names = ["anything"]
        else:
            names = ["anything", *(one for one in dir(found) if callable(getattr(found, one)))]
        for name in names:
            path.write_bytes(named(module, name))
            report = audit_model(path, judge)
            tried += 1
            if not report.findings:
                passed.append(f"{module}.{name}")
            else:
                assert any(one.name for one in report.findings), (module, name)
    exceptions = {
        f"builtins.{name}"
        for name, kind in vars(importlib.import_module("builtins")).items()
        if isinstance(kind, type) and issubclass(kind, BaseException)
    }
    assert sorted(set(passed) - exceptions - HARMLESS) == []
    assert tried > 3000
    assert pickle.loads(named("builtins", "str")) == "x"  # the pickles are as they should be
