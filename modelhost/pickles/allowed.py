"""The globals that pickles of data and of estimators need, by name: what the audit ships.

None of these lists comes from a package that is audited.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _names(module: str, names: str) -> frozenset[str]:
    return frozenset(f"{module}.{name}" for name in names.split())


_BUILTINS = _names(
    "builtins",
    "set frozenset slice complex range bytearray bytes object list dict tuple int float str bool"
    " Ellipsis NotImplemented",
)
_STANDARD = (
    _BUILTINS
    | _names("collections", "OrderedDict defaultdict Counter deque ChainMap")
    | _names("datetime", "datetime date time timedelta timezone")
    | _names("pathlib", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath")
    | _names("copyreg", "_reconstructor __newobj__ __newobj_ex__")
    | _names("uuid", "UUID SafeUUID")
    | _names("zoneinfo", "ZoneInfo ZoneInfo._unpickle")
    | _names("array", "array _array_reconstructor")
    | _names("pytz", "_p _UTC FixedOffset")
    | _names("dateutil.tz._tzfile", "_unpickle")
    | _words(
        "_codecs.encode decimal.Decimal fractions.Fraction functools.partial operator.itemgetter"
        " re._compile random.Random types.SimpleNamespace logging.getLogger"
    )
)
_MULTIARRAY = "_reconstruct scalar dtype ndarray"
_NUMPY = (
    _names("numpy._core.multiarray", _MULTIARRAY)
    | _names("numpy.core.multiarray", _MULTIARRAY)
    | _names("numpy.random._pickle", "__generator_ctor __randomstate_ctor __bit_generator_ctor")
    | _names("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence SeedSequence")
    | _names(
        "numpy",
        "dtype ndarray bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc intp"
        " uintp longlong ulonglong float16 float32 float64 longdouble float128 complex64 complex128"
        " clongdouble complex256 object_ bytes_ str_ void datetime64 timedelta64 number generic"
        " integer floating inexact signedinteger unsignedinteger character flexible matrix poly1d"
        " recarray record",
    )
    | _words(
        "numpy._core.numeric._frombuffer numpy.core.numeric._frombuffer"
        " numpy.ma.core._mareconstruct numpy.ma.core.MaskedArray numpy.ma.MaskedArray"
        " numpy._core._internal._convert_to_stringdtype_kwargs"
        " numpy._core.records.recarray numpy._core.records.record"
    )
)
_PANDAS = (
    _names("pandas._libs.internals", "_unpickle_block")
    | _names("pandas.core.internals.blocks", "new_block")  # of pandas 1.3
    | _names("pandas.core.indexes.base", "_new_Index")
    | _names("pandas.core.indexes.datetimes", "_new_DatetimeIndex")
    | _names("pandas.core.indexes.period", "_new_PeriodIndex")
    | _names("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex")
    | _names("pandas.core.indexes.interval", "_new_IntervalIndex")
    | _names("pandas._libs.tslibs.timestamps", "_unpickle_timestamp")
    | _names("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle")
    | _names("pandas._libs.tslibs.period", "_new_Period")
    | _names("pandas._libs.tslibs.nattype", "_nat_unpickle __nat_unpickle")
    | _names("pandas._libs.missing", "NA NAType")
    | _names("pytz", "_p _UTC")  # zones before pandas 3.0; they are looked up in a fixed list
    | frozenset(["pandas.core.internals.managers.BlockManager"])
    | _names("pandas.core.internals.managers", "SingleBlockManager")
    | _names("pyarrow.lib", "_restore_array py_buffer type_for_alias _reconstruct_record_batch")
    | _names("pyarrow.lib", "_reconstruct_table _reconstruct_chunked_array chunked_array")
)
_TORCH = (
    _names("torch.storage", "UntypedStorage TypedStorage")
    | _names("torch.nn.parameter", "Parameter Buffer")
    | _names("torch.serialization", "_get_layout")
    | _names(
        "torch._utils",
        "_rebuild_tensor _rebuild_tensor_v2 _rebuild_parameter _rebuild_parameter_with_state"
        " _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor_v3 _rebuild_nested_tensor"
        " _rebuild_meta_tensor_no_storage",
    )
    | _names(
        "torch.jit._pickle",
        "build_intlist build_doublelist build_boollist build_tensorlist restore_type_tag",
    )
    | _names(
        "torch",
        "Size device Tensor float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool"
        " uint16 uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz complex32"
        " qint8 quint8 qint32 quint4x2 quint2x4 per_tensor_affine per_channel_affine"
        " per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams"
        " complex64 complex128 float int long half double FloatStorage DoubleStorage HalfStorage"
        " BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage",
    )
)
_SCIKIT_LEARN = (
    _names("sklearn.metrics._dist_metrics", "newObj")
    | _names("sklearn.neighbors._kd_tree", "newObj")
    | _names("sklearn.neighbors._ball_tree", "newObj")
    | _names(
        "scipy.interpolate._interpolate.interp1d",
        "_call_linear _call_linear_np _call_nearest _call_previousnext _call_spline"
        " _call_nan_spline",
    )
)
CALLS = _STANDARD | _NUMPY | _PANDAS | _TORCH | _SCIKIT_LEARN
"""Globals that may be named and called."""
OBJECTS = frozenset(["numpy.vectorize"])
"""Classes outside the known modules of which a pickle makes objects, without calling them."""
EXCEPTIONS = re.compile(r"builtins\.[A-Z]\w*(Error|Exception|Warning)")
LOOK_UPS = frozenset(["builtins.getattr", "builtins.type", "torch.storage._load_from_bytes"])
"""Globals that may be called with arguments that the reader follows (``SAFE``), and not passed."""
_TEXT_OF_ARRAYS = (
    "abs absolute add all amax amin angle any arccos arccosh arcsin arcsinh arctan arctan2"
    " arctanh argmax argmin argsort around array array_equal asarray atleast_1d atleast_2d"
    " average cbrt ceil clip concatenate conjugate copysign corrcoef cos cosh cov cross cumprod"
    " cumsum deg2rad degrees diff digitize divide dot equal exp exp2 expand_dims expm1 fabs"
    " float_power floor floor_divide fmax fmin fmod full_like gradient greater greater_equal"
    " heaviside histogram hstack hypot imag interp invert isclose isfinite isinf isnan"
    " left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and"
    " logical_not logical_or logical_xor matmul max maximum mean median min minimum mod multiply"
    " nan_to_num nanargmax nanargmin nanmax nanmean nanmedian nanmin nanpercentile nanprod"
    " nanquantile nanstd nansum nanvar negative nonzero not_equal ones ones_like percentile"
    " positive power prod ptp quantile rad2deg radians ravel real reciprocal remainder reshape"
    " right_shift rint round searchsorted sign signbit sin sinc sinh sort sqrt square squeeze"
    " stack std subtract sum tan tanh transpose trapezoid tril triu true_divide trunc unique var"
    " vstack where zeros zeros_like round_"
)
OF_ARRAYS = _words(_TEXT_OF_ARRAYS)
"""Functions of NumPy that take arrays and compute."""
VALUES = (
    _names("numpy", _TEXT_OF_ARRAYS)
    | _names("numpy.core._multiarray_umath", _TEXT_OF_ARRAYS)  # where pickle finds those of NumPy 1
    | _names("numpy._core._multiarray_umath", _TEXT_OF_ARRAYS)
    | _names(
        "builtins",
        "abs len max min round sum str.capitalize str.casefold str.lower str.lstrip str.rsplit"
        " str.rstrip str.split str.splitlines str.strip str.swapcase str.title str.upper",
    )
    | _names(
        "torch._C._nn", "elu gelu hardswish hardtanh leaky_relu log_sigmoid mish silu softplus"
    )
    | _names(
        "_operator",
        "abs add and_ eq floordiv ge gt inv invert le lt mod mul ne neg not_ or_ pos pow sub"
        " truediv xor",
    )
    | _names(
        "math",
        "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf erfc exp expm1"
        " fabs floor fmod gamma hypot isfinite isinf isnan lgamma log log10 log1p log2 pow radians"
        " sin sinh sqrt tan tanh trunc",
    )
)
"""Functions and others that may be named, as a parameter of an estimator, and not called."""
FUNCTIONS = (
    *("sklearn.metrics.", "sklearn.feature_selection.", "sklearn.cluster.", "sklearn.base."),
    *("sklearn.decomposition.", "sklearn.gaussian_process.", "sklearn.preprocessing."),
    *("sklearn.linear_model.", "sklearn.ensemble.", "sklearn.covariance.", "sklearn.neighbors."),
    *("sklearn.mixture.", "sklearn.manifold.", "sklearn.feature_extraction."),
    *("sklearn.utils.extmath.", "sklearn.utils.validation.", "sklearn.kernel_approximation."),
    *("scipy.special.", "scipy.stats.", "scipy.spatial.distance.", "scipy._lib.array_api_compat."),
    *("scipy.optimize.", "numpy.linalg.", "lightgbm.sklearn.", "sklego.meta._shrinkage_utils."),
    *("pandas.core.reshape.", "pandas.core.tools.", "torch.nn.functional."),
    *("statsmodels.discrete.", "statsmodels.distributions.", "statsmodels.genmod."),
    *("statsmodels.robust.", "statsmodels.nonparametric.", "statsmodels.base.l1_slsqp."),
    *("statsmodels.base.l1_cvxopt.", "statsmodels.tsa.exponential_smoothing."),
    *("statsmodels.tsa.holtwinters.", "statsmodels.stats.sandwich_covariance."),
)
"""Modules whose functions may be named as a parameter as well, if they compute numbers only."""
KEPT = (
    *("sklearn.utils.validation.", "sklearn.metrics.", "sklearn.feature_selection."),
    *("sklearn.preprocessing.", "scipy.special.", "scipy.stats.", "numpy.linalg."),
    *("statsmodels.discrete.", "statsmodels.distributions.", "sklego.meta._shrinkage_utils."),
)
"""The ``FUNCTIONS`` that ``functools.partial`` and ``numpy.vectorize`` may keep as well."""
METHODS = (
    *("scipy.stats.", "statsmodels.discrete.", "statsmodels.distributions."),
    *("statsmodels.nonparametric.", "statsmodels.tsa.exponential_smoothing."),
    "lifelines.fitters.",
)
"""Modules whose methods may be named and not called, if they compute numbers only."""
BY_NAME = _words("operator.methodcaller operator.attrgetter")
"""Globals that call a method, or read an attribute, by a name that only the file states."""
COMPILED = (
    *("sklearn.", "scipy.", "pandas._libs.", "numpy.random.", "statsmodels.", "imblearn."),
    *("lightgbm.", "catboost.", "hdbscan.", "sksurv.", "river.", "pmdarima.", "sktime."),
    "surprise.",
)
"""Modules whose classes, where they are compiled, hold values only and open nothing."""
UNQUALIFIED = {"_loss": "sklearn._loss._loss"}
"""Compiled modules that name themselves without their package, as scikit-learn 1.5 to 1.7 does."""
KNOWN = (
    *COMPILED,
    *("numpy.", "pandas.", "xgboost.", "category_encoders.", "feature_engine.", "sklearn_pandas."),
    *("prophet.", "lifelines.", "torch.nn.", "skorch.", "mlxtend.", "umap."),
    "formulaic.",
)
"""Libraries whose classes are known where no locked distribution is at hand."""
REFUSED_PARTS = _words(
    "tests test testing _testing conftest externals distutils f2py ctypeslib setup cli commands"
    " _distutils_hack pkg_resources setuptools pip wheel IPython ipykernel jupyter_client pytest"
    " _pytest"
)
"""Parts of a module's name: programs, tests and copies of other libraries."""
REFUSED = (
    *("joblib.", "pandas.io.", "scipy.io.", "sklearn.datasets.", "numpy.lib.", "numpy.testing."),
    *("statsmodels.iolib.", "statsmodels.datasets.", "sklearn.utils.discovery.", "patsy."),
    *("scipy.special._precompute.", "scipy.special._mptestutils.", "lifelines.datasets."),
    *("sklearn.utils.parallel.", "sklearn.utils._mocking.", "scipy._lib._ccallback."),
    *("numpy.memmap.", "numpy._core.memmap.", "numpy.core.memmap.", "pyarrow.", "torch.hub."),
    *("torch.utils.", "torch.distributed.", "torch.multiprocessing.", "torch.package."),
    *("torch.serialization.", "torch.storage.", "torch._C.", "torch._inductor.", "torch._dynamo."),
    *("cloudpickle.", "dill.", "fsspec.", "dask.", "distributed.", "ray.", "numba.", "cffi."),
    *("requests.", "urllib3.", "aiohttp.", "httpx.", "paramiko.", "docker.", "boto3.", "git."),
    *("lightgbm.dask.", "xgboost.dask.", "xgboost.spark.", "xgboost.testing.", "pkgutil."),
)
"""Modules, with a dot at the end, whose classes open files, start programs or run code."""
