"""Files that would run code when they are unpickled, assembled from opcodes, and harmless ones.

The kinds are those of the test files of fickling, picklescan and modelscan, and what those miss.
Whatever runs would create the file at ``canary``; nothing here unpickles anything.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np

FUNCTIONS = [
    "os.system",
    "posix.system",
    "nt.system",
    "os.popen",
    "os.execl",
    "os.execv",
    "os.spawnl",
    "os.remove",
    "os.putenv",
    "os.path.exists",
    "subprocess.Popen",
    "subprocess.call",
    "subprocess.run",
    "subprocess.check_output",
    "subprocess.getoutput",
    "_posixsubprocess.fork_exec",
    "commands.getoutput",
    "pty.spawn",
    "builtins.eval",
    "builtins.exec",
    "builtins.compile",
    "builtins.open",
    "builtins.__import__",
    "builtins.print",
    "builtins.input",
    "builtins.breakpoint",
    "builtins.globals",
    "builtins.setattr",
    "builtins.delattr",
    "builtins.map",
    "builtins.filter",
    "builtins.memoryview",
    "builtins.super",
    "builtins.property",
    "__builtin__.eval",
    "__builtin__.execfile",
    "__builtin__.apply",
    "__builtin__.file",
    "runpy.run_path",
    "runpy.run_module",
    "runpy._run_code",
    "runpy._run_module_code",
    "pip.main",
    "pip._internal.main",
    "pip._internal.cli.main.main",
    "ensurepip.bootstrap",
    "venv.create",
    "ctypes.CDLL",
    "ctypes.WinDLL",
    "ctypes.cdll.LoadLibrary",
    "_ctypes.dlopen",
    "cffi.FFI",
    "timeit.timeit",
    "timeit.main",
    "cProfile.run",
    "cProfile.runctx",
    "profile.run",
    "profile.Profile.run",
    "pdb.run",
    "pdb.Pdb",
    "pdb.set_trace",
    "bdb.Bdb",
    "bdb.Bdb.run",
    "trace.Trace.run",
    "doctest.debug_script",
    "doctest.testfile",
    "code.interact",
    "code.InteractiveInterpreter",
    "code.InteractiveInterpreter.runcode",
    "codeop.compile_command",
    "webbrowser.open",
    "antigravity.webbrowser",
    "socket.socket",
    "socket.create_connection",
    "requests.get",
    "requests.api.post",
    "requests.sessions.Session",
    "urllib.request.urlopen",
    "urllib.request.urlretrieve",
    "http.client.HTTPSConnection",
    "httplib.HTTPSConnection",
    "aiohttp.client.ClientSession",
    "httpx.get",
    "ftplib.FTP",
    "smtplib.SMTP",
    "telnetlib.Telnet",
    "xmlrpc.client.ServerProxy",
    "ssl.wrap_socket",
    "asyncio.unix_events._UnixSubprocessTransport._start",
    "asyncio.create_subprocess_shell",
    "asyncio.run",
    "asyncio.subprocess.create_subprocess_exec",
    "multiprocessing.Process",
    "multiprocessing.pool.Pool",
    "multiprocessing.util.spawnv_passfds",
    "concurrent.futures.ThreadPoolExecutor",
    "threading.Thread",
    "threading.Timer",
    "_thread.start_new_thread",
    "signal.signal",
    "sched.scheduler",
    "atexit.register",
    "numpy.testing._private.utils.runstring",
    "numpy.testing._private.utils.rundocs",
    "numpy.f2py.crackfortran.myeval",
    "numpy.f2py.crackfortran.param_eval",
    "numpy.f2py.diagnose.run",
    "numpy.distutils.exec_command.exec_command",
    "numpy.lib.npyio.load",
    "numpy.load",
    "numpy.save",
    "numpy.savetxt",
    "numpy.fromfile",
    "numpy.genfromtxt",
    "numpy.loadtxt",
    "numpy.memmap",
    "numpy.DataSource",
    "numpy.frompyfunc",
    "numpy.vectorize",
    "numpy.apply_along_axis",
    "numpy.fromregex",
    "numpy.ctypeslib.load_library",
    "numpy.os.system",
    "numpy.core.multiarray.__builtins__",
    "numpy.__builtins__",
    "numpy.log1p",
    "torch.load",
    "torch.serialization.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch.package.PackageImporter",
    "torch.utils._config_module.load_config",
    "torch._inductor.codecache.compile_file",
    "torch.utils.collect_env.run",
    "torch.utils.bottleneck.__main__.run_cprofile",
    "torch.fx.Interpreter",
    "torch.utils.data.datapipes.utils.decoder.basichandlers",
    "torch.distributed.rpc.api.remote",
    "torch._dynamo.guards.GuardBuilder.get",
    "torch.multiprocessing.spawn",
    "joblib.load",
    "joblib.dump",
    "joblib.numpy_pickle.load",
    "joblib.numpy_pickle._unpickle",
    "joblib.Parallel",
    "joblib.parallel.Parallel",
    "joblib.parallel.BatchedCalls",
    "joblib.memory.Memory",
    "joblib.memory.MemorizedFunc",
    "joblib.numpy_pickle.NumpyUnpickler",
    "joblib.numpy_pickle_compat.NDArrayWrapper",
    "joblib.externals.loky.backend.popen_loky_posix.Popen",
    "joblib.externals.cloudpickle.loads",
    "joblib.externals.loky.process_executor.ProcessPoolExecutor",
    "joblib.disk.delete_folder",
    "operator.attrgetter",
    "operator.methodcaller",
    "operator.call",
    "operator.setitem",
    "functools.reduce",
    "functools.singledispatch",
    "itertools.starmap",
    "itertools.accumulate",
    "_io.FileIO",
    "io.FileIO",
    "io.open",
    "io.open_code",
    "_pyio.open",
    "codecs.open",
    "tempfile.NamedTemporaryFile",
    "shutil.rmtree",
    "shutil.copyfile",
    "shutil.move",
    "shutil.which",
    "zipfile.ZipFile",
    "tarfile.open",
    "zipimport.zipimporter",
    "pathlib.Path.write_text",
    "pathlib.Path.unlink",
    "pathlib.os.system",
    "glob.glob",
    "fileinput.input",
    "linecache.getlines",
    "importlib.import_module",
    "importlib.__import__",
    "importlib.util.spec_from_file_location",
    "imp.load_source",
    "importlib._bootstrap_external.SourceFileLoader",
    "pkgutil.resolve_name",
    "pkgutil.get_loader",
    "site.addsitedir",
    "pydoc.locate",
    "pydoc.pipepager",
    "pydoc.tempfilepager",
    "lib2to3.pgen2.pgen.ParserGenerator",
    "lib2to3.pgen2.grammar.Grammar.loads",
    "idlelib.pyshell.ModifiedInterpreter.runcode",
    "idlelib.autocomplete.AutoComplete.get_entity",
    "idlelib.run.Executive.runcode",
    "distutils.spawn.spawn",
    "distutils.file_util.write_file",
    "test.support.script_helper.assert_python_ok",
    "logging.config.listen",
    "logging.FileHandler",
    "uuid._get_command_stdout",
    "uuid._popen",
    "ssl.get_server_certificate",
    "marshal.loads",
    "pickle.loads",
    "pickle.load",
    "_pickle.loads",
    "_pickle.Unpickler",
    "shelve.open",
    "dbm.open",
    "dill.loads",
    "dill._dill._create_function",
    "dill._dill._import_module",
    "cloudpickle.loads",
    "cloudpickle.cloudpickle._make_function",
    "cloudpickle.cloudpickle.subimport",
    "cloudpickle.cloudpickle._make_skeleton_class",
    "types.FunctionType",
    "types.CodeType",
    "types.MethodType",
    "types.ModuleType",
    "copyreg.__reduce_ex__",
    "copyreg.add_extension",
    "copy.copy",
    "weakref.finalize",
    "pandas.read_pickle",
    "pandas.io.pickle.read_pickle",
    "pandas.eval",
    "pandas.core.computation.eval.eval",
    "pandas.DataFrame.to_pickle",
    "pandas.DataFrame.eval",
    "pandas.core.frame.DataFrame.query",
    "pandas.io.common.get_handle",
    "pandas.io.sql.read_sql",
    "pandas.ExcelFile",
    "pandas.HDFStore",
    "pandas.io.parsers.readers.TextFileReader",
    "pandas.compat.pickle_compat.load",
    "pandas.util._print_versions.show_versions",
    "sklearn.utils.os.system",
    "sklearn.datasets.load_svmlight_file",
    "sklearn.datasets._base.urlretrieve",
    "sklearn.utils.parallel.Parallel",
    "sklearn.utils._joblib.joblib",
    "sklearn.utils.discovery.all_estimators",
    "sklearn.utils._testing.TempMemmap",
    "sklearn.base.BaseEstimator.__init__",
    "sklearn.metrics.accuracy_score",
    "sklearn.linear_model.LogisticRegression",
    "sklearn.base.BaseEstimator.__init__.__globals__",
    "sklearn.datasets.fetch_openml",
    "sklearn.externals.joblib.load",
    "sklearn.svm._classes.SVC.fit",
    "scipy.io.loadmat",
    "scipy.LowLevelCallable",
    "scipy._lib._ccallback.LowLevelCallable",
    "scipy.io.netcdf_file",
    "lightgbm.basic.Booster",
    "lightgbm.basic._load_lib",
    "xgboost.core._load_lib",
    "xgboost.core.Booster",
    "lightgbm.dask.DaskLGBMClassifier",
    "statsmodels.iolib.smpickle.load_pickle",
    "statsmodels.datasets.utils.get_rdataset",
    "pyarrow.OSFile",
    "pyarrow.lib.OSFile",
    "pyarrow.lib.MemoryMappedFile",
    "pyarrow.fs.LocalFileSystem",
    "sqlite3.connect",
    "sys.exit",
    "sys.setrecursionlit",
    "sys.modules.get",
    "gc.get_objects",
    "inspect.getmodule",
    "ast.literal_eval",
    "string.Formatter.vformat",
    "platform.popen",
    "platform.system",
    "nturl2path.url2pathname",
    "mailcap.findmatch",
    "cgitb.lookup",
    "smtpd.SMTPServer",
    "http.server.HTTPServer",
    "socketserver.TCPServer",
    "wsgiref.simple_server.make_server",
    "tkinter.Tk",
    "turtle.Turtle",
    "unittest.main",
    "setuptools.setup",
    "setuptools._distutils.spawn.spawn",
    "pkg_resources.load_entry_point",
    "wheel.cli.main",
    "pytest.main",
    "_pytest.config.main",
    "hypothesis.find",
    "docker.from_env",
    "httptools.parser.HttpParser",
    "IPython.embed",
    "jinja2.Template",
    "jinja2.environment.Template.from_code",
    "yaml.load",
    "yaml.unsafe_load",
    "__main__.anything",
    "nowhere.at_all",
    "numpy.random._pickle.os",
    "numpy.random._pickle.__builtins__",
]
"""Globals that must be refused if a pickle calls them, in any way."""
EXPRESSION = "pandas.core.computation.expr.Expr"
"""A class of a locked distribution that evaluates a text when it is called."""
TORCH_BYTES = "torch.storage._load_from_bytes"


def text(value: str) -> bytes:
    """A text, by BINUNICODE."""
    coded = value.encode()
    return b"X" + struct.pack("<I", len(coded)) + coded


def split(full: str) -> tuple[str, str]:
    """Module and name; the name has the last part, and one before that is no module."""
    module, _, name = full.rpartition(".")
    return module, name


def by_global(full: str) -> bytes:
    """GLOBAL, the name of protocols 0 to 3."""
    module, name = split(full)
    return f"c{module}\n{name}\n".encode()


def by_stack(full: str, dots: int = 1) -> bytes:
    """STACK_GLOBAL, of protocol 4, with ``dots`` parts in the name."""
    parts = full.split(".")
    dots = min(dots, len(parts) - 1)
    return text(".".join(parts[:-dots])) + text(".".join(parts[-dots:])) + b"\x93"


def called(named: bytes, *args: bytes, protocol: int = 4) -> bytes:
    """A pickle that calls what ``named`` puts on the stack."""
    return bytes([0x80, protocol]) + named + b"(" + b"".join(args) + b"tR."


def ways(full: str, argument: str) -> dict[str, bytes]:
    """Pickles that call ``full``, or make an object of it."""
    module, name = split(full)
    one = text(argument)
    inst = f"(S'{argument}'\ni{module}\n{name}\n.".encode()
    return {
        "protocol 0": by_global(full) + b"(" + f"S'{argument}'\n".encode() + b"tR.",
        "protocol 2": called(by_global(full), one, protocol=2),
        "protocol 4": called(by_stack(full), one),
        "a dotted name": called(by_stack(full, 2), one),
        "INST": inst,
        "OBJ": b"(" + by_global(full) + one + b"o.",
        "NEWOBJ": b"\x80\x02" + by_global(full) + one + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + by_stack(full) + one + b"\x85}\x92.",
    }


def reconstructed(base: str) -> bytes:
    """A pickle that calls ``base.__init__`` of an object, with a text."""
    args = by_global("builtins.object"), by_global(base), text("x")
    return called(by_global("copyreg._reconstructor"), *args, protocol=2)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        import os

        return os.system, (f"touch {self.canary}",)


def structures(canary: Path) -> dict[str, bytes]:
    """Ways to hide a call, or to do harm without one."""
    command = text(f"touch {canary}")
    system = called(by_stack("posix.system"), command)
    inner = b"C" + bytes([len(system)]) + system if len(system) < 256 else _block(system)
    scaler = b"csklearn.preprocessing._data\nStandardScaler\n"
    new_scaler = scaler + b")\x81"
    return {
        "names from the memo": b"\x80\x04" + text("posix") + b"\x940" + text("system")
        + b"\x940h\x00h\x01\x93" + command + b"\x85R.",
        "names by PUT and GET": b"Vposix\np7\n0Vsystem\np9\n0g7\ng9\n\x93(" + command + b"tR.",
        "a name that is duplicated": b"\x80\x04" + text("code") + b"2\x93" + command + b"\x85R.",
        "EXT1": b"\x80\x02\x82\x01" + command + b"\x85R.",
        "EXT2": b"\x80\x02\x83\x01\x00" + command + b"\x85R.",
        "EXT4": b"\x80\x02\x84\x01\x00\x00\x00" + command + b"\x85R.",
        "BINPERSID": b"\x80\x02" + command + b"Q.",
        "PERSID": b"Pstorage\n.",
        "a class that is changed": b"\x80\x02" + scaler + b"N}" + text("transform")
        + by_global("numpy.log1p") + b"s\x86b.",
        "items of a class": b"\x80\x02" + scaler + text("k") + command + b"s.",
        "__class__ of an object": b"\x80\x02" + new_scaler + b"}" + text("__class__") + scaler
        + b"sb.",
        "__reduce__ by slots": b"\x80\x02" + new_scaler + b"N}" + text("__reduce_ex__") + scaler
        + b"s\x86b.",
        "a call of an object": b"\x80\x02" + new_scaler + command + b"\x85R.",
        "a class that is made": b"\x80\x02" + new_scaler + b")\x81.",
        "getattr of a module": called(by_global("builtins.getattr"), by_global("numpy.os"),
        text("system")),
        "getattr and call": b"\x80\x02" + by_global("builtins.getattr") + by_global(
            "pandas.core.frame.DataFrame") + text("to_pickle") + b"\x86R" + command + b"\x85R.",
        "getattr of a text": called(by_global("builtins.getattr"), text("x"), text("format")),
        "a partial of a call": called(by_global("functools.partial"), by_global("os.system"),
        command),
        "a partial that is called": b"\x80\x02" + by_global("functools.partial")
        + by_global("builtins.int") + b"\x85R)R.",
        "a default that is called": called(by_global("collections.defaultdict"),
        by_global("os.getcwd")),
        "a default of a locked function": called(by_global("collections.defaultdict"),
        by_global("numpy.log1p")),
        "a function as a parameter": b"\x80\x02" + new_scaler + b"}" + text("func")
        + by_global("pandas.read_pickle") + b"sb.",
        "another coding": called(by_global("_codecs.encode"), command, text("zip")),
        "_reconstructor": called(by_global("copyreg._reconstructor"), by_global("subprocess.Popen"),
        by_global("builtins.object"), b"N", protocol=2),
        "a type of three arguments": called(by_global("builtins.type"), text("X"), b")", b"}"),
        "a second pickle": pickle.dumps([1, 2]) + system,
        "a pickle behind others": pickle.dumps(1, 0) * 3 + by_global("os.system") + b"(" + command
        + b"tR.",
        "broken off after the call": system[:-1],
        "bytes after the end": pickle.dumps({"a": 1}) + b"\x00\x01\x02",
        "an archive after the end": pickle.dumps({"a": 1}) + _zip({"data.pkl": system}),
        "cut off": pickle.dumps(list(range(1000)))[:-20],
        "within bytes": b"\x80\x04}" + text("b") + inner + b"s.",
        "within bytes of protocol 2": pickle.dumps({"b": system}, 2),
        "within bytes within bytes": pickle.dumps([pickle.dumps(system)]),
        "within PyTorch's bytes": called(by_global(TORCH_BYTES), inner),
        "PyTorch's bytes of a list": called(by_global(TORCH_BYTES), by_global("builtins.bytes")
        + b"(](" + b"".join(b"K" + bytes([one]) for one in system) + b"etR"),
        "PyTorch's bytes of an archive": called(by_global(TORCH_BYTES), b"B"
        + struct.pack("<I", (16 << 20) + 64) + (_zip({"a/data.pkl": system})).ljust(
            (16 << 20) + 64, b"\0")),
        "PyTorch's bytes of protocol 0": called(by_global(TORCH_BYTES), b"B"
        + struct.pack("<I", (16 << 20) + 64) + (by_global("posix.system") + b"(" + command
        + b"tR.").ljust((16 << 20) + 64, b"\0")),
        "PyTorch's loader handed on": called(by_global("functools.partial"),
        by_global(TORCH_BYTES), by_global("builtins.bytes") + b"(](K\x80etR"),
        "a base that is a class": reconstructed(EXPRESSION),
        "a base that is a partial": called(by_global("copyreg._reconstructor"),
        by_global("builtins.object"), by_global("functools.partial") + by_global("builtins.int")
        + b"\x85R", b"N", protocol=2),
        "no base": called(by_global("copyreg._reconstructor"), by_global("builtins.object"),
        protocol=2),
        "__newobj__ with arguments": called(by_global("copyreg.__newobj__"),
        by_global(EXPRESSION), command, protocol=2),
        "__newobj_ex__ with arguments": called(by_global("copyreg.__newobj_ex__"),
        by_global(EXPRESSION), command + b"\x85", b"}", protocol=2),
        "__newobj__ of a class that is made": called(by_global("copyreg.__newobj__"),
        by_global("builtins.type") + b"N\x85R", protocol=2),
        **{f"{name} of {what}": called(by_global(f"numpy.random._pickle.{name}"), *args)
        for name in ("__generator_ctor", "__randomstate_ctor", "__bit_generator_ctor")
        for what, args in {
            "a class": [by_global(EXPRESSION)],
            "a class and a text": [command, by_global(EXPRESSION)],
            "a partial": [command, by_global("functools.partial") + by_global("builtins.int")
            + b"\x85R"],
        }.items()},
        "a generator by another name": called(by_global("numpy.random.__generator_ctor"),
        command, by_global(EXPRESSION)),
        "a partial of a class": called(by_global("functools.partial"), by_global(EXPRESSION),
        command),
        "a partial whose state has a class": b"\x80\x02" + by_global("functools.partial")
        + by_global("builtins.int") + b"\x85R(" + by_global(EXPRESSION) + command
        + b"\x85}Ntb.",
        "protocol 6": b"\x80\x06" + system[2:],
        "a list of arguments": b"\x80\x02" + by_global("os.system") + b"](" + command + b"eR.",
        "a frame that is crossed": b"\x80\x04\x95" + struct.pack("<Q", 3) + system[2:],
        "a frame within a frame": b"\x80\x04\x95" + struct.pack("<Q", 90) + b"\x95"
        + struct.pack("<Q", 3) + b"N0N." + b"\0" * 90,
        "more bytes than there are": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
        "a number of many digits": b"I" + b"9" * 100_000 + b"\n.",
        "an array with a call as its bytes": _array_of(by_global("os.system") + b"(" + command
        + b"tR."),
        **_hidden_states(canary),
        **{f"a type of NumPy: {name}": content for name, content in _wrong_types().items()},
        "no opcode": b"\x80\x04\xff.",
        "empty": b"",
    }  # fmt: skip


def _made(full: str) -> bytes:
    return by_global(full) + b")\x81"


def _hidden_states(canary: Path) -> dict[str, bytes]:
    """Attributes, classes and defaults that no opcode names."""
    code = f"open({str(canary)!r}, 'w')\n"
    normal = "scipy.stats._continuous_distns.norm_gen"

    def bunch(key: str, value: bytes) -> bytes:
        return _made("sklearn.utils._bunch.Bunch") + text(key) + value + b"s"

    def type_of(full: str) -> bytes:
        return by_global("builtins.type") + _made(full) + b"\x85R"

    state = bunch("_parse_arg_template", text(code)) + b"b."
    return {
        "a hidden __class__, then a hidden state": b"\x80\x02"
        + _made("sklearn.model_selection._split.KFold")
        + b"N"
        + bunch("__class__", by_global(normal))
        + b"\x86b"
        + state,
        "an index of a class that is looked up": b"\x80\x02"
        + by_global("pandas.core.indexes.base._new_Index")
        + type_of(normal)
        + b"}\x86R"
        + state,
        "an index of another class": b"\x80\x02"
        + by_global("pandas.core.indexes.base._new_Index")
        + by_global(normal)
        + b"}\x86R"
        + state,
        "a default that is a class looked up": b"\x80\x02"
        + by_global("collections.defaultdict")
        + type_of("sklearn.svm._classes.SVC")
        + b"\x85R\x85R.",
        "a default that is an object": b"\x80\x02"
        + by_global("collections.defaultdict")
        + _made("sklearn.svm._classes.SVC")
        + b"\x85R.",
        "a logger that is changed": b"\x80\x02"
        + by_global("logging.getLogger")
        + b")R}"
        + text("disabled")
        + b"\x88sb.",
        "an exception with a hidden state": b"\x80\x02"
        + by_global("builtins.ValueError")
        + b")R"
        + bunch("a", b"N")
        + b"b.",
    }


def _wrong_types() -> dict[str, bytes]:
    """Numbers that NumPy would take for the addresses of objects."""
    kinds = {"no flags": ("O8", -1, 0), "flags of objects": ("V8", 8, 1), "a pointer": ("V8", 8, 4)}
    return {
        name: b"\x80\x03"
        + by_global("numpy.dtype")
        + text(kind)
        + b"\x89\x88\x87R(K\x03"
        + text("|")
        + b"NNNJ"
        + struct.pack("<i", size)
        + b"J"
        + struct.pack("<i", -1 if size < 0 else 1)
        + bytes([0x4B, flags])
        + b"tb."
        for name, (kind, size, flags) in kinds.items()
    }


def files(canary: Path) -> dict[str, bytes]:
    """Files of other forms: name with a suffix → content."""
    touch = Touch(canary)
    plain = pickle.dumps(touch)
    objects = np.array([touch, None], dtype=object)
    found = {
        "gzip.pkl": gzip.compress(plain),
        "bz2.pkl": bz2.compress(plain),
        "xz.pkl": lzma.compress(plain),
        "lzma.pkl": lzma.compress(plain, lzma.FORMAT_ALONE),
        "zlib.pkl": zlib.compress(plain),
        "two streams.pkl": gzip.compress(pickle.dumps(1)) + gzip.compress(plain),
        "behind a stream.pkl": gzip.compress(pickle.dumps(1)) + plain,
        "half a stream.pkl": gzip.compress(plain)[:-12],
        "a bomb.pkl": zlib.compress(
            b"\x80\x04\x8e" + struct.pack("<Q", 90 << 20) + bytes(90 << 20)
        ),
        "lz4.pkl": b"\x04\x22\x4d\x18" + plain,
        "7z.pkl": b"7z\xbc\xaf\x27\x1c" + plain,
        "old joblib.pkl": b"ZF0x14" + zlib.compress(plain),
        "torch.pt": _zip({"archive/data.pkl": plain, "archive/version": b"3\n"}),
        "zip.bin": _zip({"weights": plain}),
        "zip of gzip.bin": _zip({"a": gzip.compress(plain)}),
        "zip in zip.bin": _zip({"a.zip": _zip({"b": plain})}),
        "bytes before zip.bin": b"text" + _zip({"a": b"x"}),
        "broken zip.pt": _zip({"archive/data.pkl": plain})
        .replace(b"cposix", b"cpOsix")
        .replace(b"posix", b"pOsix", 1),
        "tar.bin": _tar({"data.pkl": plain}),
        "array.npy": _saved(np.save, objects),
        "arrays.npz": _saved(np.savez, objects),
        "plain.bin": called(by_global("os.system"), text(f"touch {canary}"), protocol=0)[2:],
        "text.model": by_global("os.system") + b"(" + f"S'touch {canary}'\n".encode() + b"tR.",
    }
    found |= _other_readings(canary)
    for codec in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 1), ("xz", 1)):
        held: dict[str, object] = {
            "a call": touch,
            "behind an array": [np.arange(1000.0), touch],
            "in an array": objects,
        }
        for what, value in held.items():
            made = io.BytesIO()
            joblib.dump(value, made, compress=codec)
            found[f"joblib {codec} {what}.joblib"] = made.getvalue()
    return found


def _other_readings(canary: Path) -> dict[str, bytes]:
    """Files that are of one format for one reader, and of another one for the next."""
    command = f"touch {canary}"
    plain = called(by_stack("posix.system"), text(command))
    old = by_global("posix.system") + b"(" + f"S'{command}'\n".encode() + b"tR."
    narrow = zlib.compressobj(6, zlib.DEFLATED, 10)
    alone = [{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 0, "pb": 2, "dict_size": 1 << 16}]
    without_magic = bytearray(_tar({"data.bin": plain}))
    without_magic[257:265] = bytes(8)
    return {
        "opcodes that begin as bzip2.bin": b"BZh\0\0" + b"x" * 0x685A + b"0" + old,
        "opcodes that begin as a tar.pkl": _tar_of_opcodes(plain[2:]),
        "opcodes that begin as a tar.bin": _tar_of_opcodes(plain[2:]),
        "tar without a magic.bin": _with_checksum(without_magic),
        "tar of any name.bin": _tar({"data.bin": plain}),
        "tar in gzip.bin": gzip.compress(_tar({"data.bin": plain})),
        "gzip in gzip.bin": gzip.compress(gzip.compress(plain)),
        "lzma with other properties.xz": lzma.compress(plain, lzma.FORMAT_ALONE, filters=alone),
        "zlib with a small window.bin": narrow.compress(plain) + narrow.flush(),
        "zstd.pkl.zst": b"\x28\xb5\x2f\xfd" + plain,
        "array 'object'.npy": array_file("object", plain),
        "array with a field of objects.npy": array_file([("a", "object")], plain),
        "a second array.npy": array_file("<f8", bytes(8)) + array_file("|O", plain),
        "an array behind a pickle.pkl": pickle.dumps(1) + array_file("|O", plain),
        "a pickle behind an array.npy": array_file("<f8", bytes(8)) + plain,
        "an array as a tensor.npz": _zip({"data.pkl": b"N.", "a/data/0": array_file("|O", plain)}),
        "schema.json.zip": _zip({"schema.json": plain}),
    }


def array_file(descr: object, content: bytes, shape: tuple[int, ...] = (1,)) -> bytes:
    """A file of ``numpy.save`` whose type is written as ``descr``."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
    return (
        b"\x93NUMPY\x01\0" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + content
    )


def _tar_of_opcodes(opcodes: bytes) -> bytes:
    """A pickle whose first value is the header of an empty member and the end of a tar."""
    header = bytearray(_tar({"n" * 90: b""})[:512])
    header[:7] = b"\x80\x03B" + struct.pack("<I", 3 * 512 - 7)
    return _with_checksum(header) + bytes(1024) + b"0" + opcodes


def _with_checksum(content: bytearray) -> bytes:
    """A tar whose first header was changed, with the checksum of what it is now."""
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


def _array_of(content: bytes) -> bytes:
    """joblib's file of an array whose bytes are opcodes, for a reader that knows no arrays."""
    made = io.BytesIO()
    joblib.dump(np.frombuffer(content + b"\0" * (-len(content) % 8), dtype=np.uint8), made)
    found = made.getvalue()
    start = found.index(content)
    pad = found[start - 1 :: -1].index(bytes([0xFF])) if found[start - 1] == 0xFF else 0
    return found[: start - pad - 1] + b"\0" + content + b"\0" * (len(found) - start - len(content))


def _block(content: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(content)) + content


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return made.getvalue()


def _saved(save: Callable[..., object], value: object) -> bytes:
    made = io.BytesIO()
    save(made, value)
    return made.getvalue()
