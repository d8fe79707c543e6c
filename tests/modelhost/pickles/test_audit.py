"""No file of these would be loaded, and none of them is run by the audit; harmless ones pass."""

from __future__ import annotations

import collections
import contextlib
import datetime
import decimal
import functools
import inspect
import io
import operator
import pathlib
import pickle
import random
import re
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from pandas.core.internals.blocks import new_block
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import all_estimators
from xgboost import XGBClassifier

from modelhost.pickles import reader
from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import Modules, here
from modelhost.pickles.report import PickleReport
from tests.support import hostile_pickles as hostile

JUDGE = Judge(here())


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def audited(folder: Path, name: str, content: bytes, *, joblib_only: bool = False) -> PickleReport:
    path = folder / name
    path.write_bytes(content)
    return audit_model(path, JUDGE, joblib_only=joblib_only)


@pytest.mark.parametrize("full", hostile.FUNCTIONS)
def test_a_call_of_it_is_refused_however_it_is_written(full: str, canary: Path) -> None:
    before = set(sys.modules)
    for way, content in hostile.ways(full, f"touch {canary}").items():
        report = audited(canary.parent, "model.pkl", content)
        assert report.findings, (full, way)
        named = [one for one in report.findings if one.name is not None]
        assert named or "read to its end" in report.findings[0].what, (full, way)
    assert not canary.exists()
    assert set(sys.modules) == before


@pytest.mark.slow
def test_what_hides_a_call_is_refused(canary: Path) -> None:
    passed = [
        name
        for name, content in hostile.structures(canary).items()
        if not audited(canary.parent, "model.pkl", content).findings
    ]
    assert passed == []
    assert not canary.exists()


@pytest.mark.slow
def test_calls_in_other_files_are_refused(canary: Path) -> None:
    passed = [
        name
        for name, content in hostile.files(canary).items()
        if not audited(canary.parent, name, content).findings
    ]
    assert passed == []
    assert not canary.exists()


def fitted() -> dict[str, object]:
    """Objects of every way that models and data are pickled."""
    import statsmodels.api  # here: tests of other files load it anew

    frame = pd.DataFrame(
        {
            "n": [1.0, 2.0],
            "s": ["x", "y"],
            "t": pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("Europe/Paris"),
            "c": pd.Categorical(["a", "b"]),
            "i": pd.array([1, None], dtype="Int64"),
        }
    )
    rows, answers = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, scoring=make_scorer(f1_score), cv=2)
    return {
        "frame": frame,
        "index": frame.set_index(["n", "s"]),
        "dates": pd.date_range("2020", periods=3, freq="MS"),
        "scalars": [pd.Timestamp("2020", tz="UTC"), pd.NaT, pd.NA, pd.Timedelta("1D")],
        "generators": [np.random.default_rng(1), np.random.RandomState(1), random.Random(1)],
        "arrays": [
            np.array(["a", None], dtype=object),
            np.array([(1, "a")], dtype=[("x", "i4"), ("y", "U3")]),
            np.array([(1, None)], dtype=[("x", "i4"), ("y", "O")]),
            np.array(["2020"], "M8[D]"),
            np.ones(3, ">f8"),
            np.zeros((0, 2)),
            np.ma.array([1, 2], mask=[0, 1]),
        ],
        "standard": [
            datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
            collections.OrderedDict(a=1),
            collections.defaultdict(list),
            re.compile("a+"),
            functools.partial(int, "1"),
            operator.itemgetter(1),
            type(None),
            pathlib.Path("a"),
            decimal.Decimal(1),
            {1, 2},
            10**400,
            b"x" * 70_000,
        ],
        "pipeline": make_pipeline(
            FunctionTransformer(np.log1p), SelectKBest(f_classif, k=1), RandomForestClassifier(3)
        ).fit(rows, answers),
        "imputer": IterativeImputer(max_iter=1).fit([[1.0, 2.0], [np.nan, 1.0], [3.0, 0.0]]),
        "neighbours": KNeighborsClassifier(algorithm="kd_tree").fit(rows, answers),
        "boosted": HistGradientBoostingClassifier(max_iter=2).fit(rows, answers),
        "search": search.fit(rows, answers),
        "text": TfidfVectorizer().fit(["a few words", "other words"]),
        "lightgbm": LGBMClassifier(n_estimators=2, verbose=-1).fit(rows, answers),
        "xgboost": XGBClassifier(n_estimators=2).fit(rows, answers),
        "kept": [functools.partial(f1_score, average="macro"), np.vectorize(np.log1p)],
        "statsmodels": statsmodels.api.OLS(answers, rows).fit(),
    }


@pytest.mark.slow
def test_models_and_data_raise_no_alarm_in_any_protocol_and_compression(tmp_path: Path) -> None:
    alarms = []
    for name, value in fitted().items():
        contents = {f"{one}": pickle.dumps(value, one) for one in range(6)}
        for codec in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 1), ("xz", 1)):
            made = io.BytesIO()
            joblib.dump(value, made, compress=codec)
            contents[f"joblib {codec}"] = made.getvalue()
        for way, content in contents.items():
            for only in {False, way.startswith("joblib")}:
                report = audited(tmp_path, "model.pkl", content, joblib_only=only)
                alarms += [(name, way, one.text) for one in report.findings]
    assert alarms == []


class OldBlock:
    """Pickled as pandas 1.3 pickles the block of a frame: by a partial of ``ndim``."""

    def __init__(self, function: Callable[..., Any] = new_block, *first: Any, **more: Any) -> None:
        self.made = functools.partial(function, *first, **{"ndim": 2, **more})

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made, (np.zeros((1, 2)), slice(0, 1))


def test_what_old_versions_write_passes_and_no_other_partial_is_called(tmp_path: Path) -> None:
    zone = hostile.called(hostile.by_global("pytz._p"), hostile.text("Europe/Paris"))
    assert audited(tmp_path, "model.pkl", zone).findings == []
    ufunc = b"\x80\x04" + hostile.by_global("numpy.core._multiarray_umath.log1p") + b"."
    assert audited(tmp_path, "model.pkl", ufunc).findings == []
    for protocol in range(2, 6):
        content = pickle.dumps(OldBlock(), protocol)
        assert audited(tmp_path, "model.pkl", content).findings == []
    others = {
        "its class is called": OldBlock(klass=FunctionTransformer),
        "an argument": OldBlock(new_block, [1.0]),
        "another function": OldBlock(make_pipeline),
        "a partial of a partial": OldBlock(functools.partial(new_block, klass=print)),
    }
    for name, other in others.items():
        (finding, *_) = audited(tmp_path, "model.pkl", pickle.dumps(other)).findings
        assert finding.what == "calls an object that it has made (functools.partial)", name


QUICK = {"cv": 2, "max_iter": 3, "n_estimators": 2, "perplexity": 5, "n_features_to_select": 5}
"""Parameters with which an estimator of the same kind is fitted in less time."""
WAYS: tuple[dict[str, Any], ...] = (
    QUICK, {"estimator": LogisticRegression(), **QUICK}, {"max_iter": 250}, {},
)  # fmt: skip


@pytest.mark.slow
def test_no_estimator_of_scikit_learn_raises_an_alarm(tmp_path: Path) -> None:
    rows, answers = make_classification(80, 6, random_state=0)
    alarms, fitted_count = [], 0
    for name, kind in all_estimators():
        for given in WAYS:
            taken = {n: v for n, v in given.items() if n in inspect.signature(kind).parameters}
            with warnings.catch_warnings(), contextlib.suppress(Exception):
                warnings.simplefilter("ignore")
                try:
                    estimator = kind(**taken).fit(rows, answers)
                except ValueError:
                    estimator = kind(**taken).fit(abs(rows), answers)
                made = io.BytesIO()
                joblib.dump(estimator, made)
                report = audited(tmp_path, "model.joblib", made.getvalue(), joblib_only=True)
                alarms += [(name, one.text) for one in report.findings]
                fitted_count += 1
                break
    assert alarms == []
    assert fitted_count > 150


def test_classes_and_functions_of_the_project_are_allowed_not_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from os import system\nimport subprocess\nalias = subprocess.run\n"
    code += "class Model: ...\ndef make(): ...\n"
    (tmp_path / "own.py").write_text(code)
    judge = Judge(Modules([tmp_path], []))
    monkeypatch.chdir(tmp_path)
    told = {}
    for name in ("Model", "make", "system", "subprocess", "alias", "gone", "Model.__init__"):
        path = tmp_path / "m.pkl"
        path.write_bytes(hostile.called(hostile.text("own") + hostile.text(name) + b"\x93"))
        told[name] = not audit_model(path, judge).findings
    assert told == {
        "Model": True,
        "make": True,
        "system": False,
        "subprocess": False,
        "alias": False,
        "gone": False,
        "Model.__init__": False,
    }


def test_the_finding_names_file_byte_and_global(tmp_path: Path) -> None:
    content = hostile.called(hostile.by_global("os.system"), hostile.text("x"), protocol=2)
    report = audited(tmp_path, "model.pkl", content)
    assert [one.text for one in report.findings] == [
        "the file (byte 2) calls os.system, which is of the standard library, and none that data"
        " needs"
    ]


@pytest.mark.parametrize("opcodes", [b"N0", b"K\x010", b"\x8c\x01x0"])
def test_a_small_file_with_very_many_opcodes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opcodes: bytes
) -> None:
    monkeypatch.setattr(reader, "MIN_OPCODES", 1_000)
    content = zlib.compress(b"\x80\x04" + opcodes * 20_000 + b"N.", 9)
    limit = 1_000 + reader.MAX_OPCODES * len(content)
    assert limit < 40_000
    report = audited(tmp_path, "model.pkl", content)
    assert [one.text for one in report.findings] == [
        f"the file can't be read to its end: it has more than {limit:,} opcodes"
    ]
    assert audited(tmp_path, "model.pkl", zlib.compress(b"\x80\x04N.")).findings == []


def test_a_file_that_is_no_pickle_and_may_be_anything_passes(tmp_path: Path) -> None:
    for content in (b"cos\nsin\n0.5\n", b"tree\nversion=v4\n", b"{}", b"I1\n.", bytes(300)):
        assert audited(tmp_path, "model.bin", content).findings == []


@pytest.mark.parametrize(
    "content",
    [
        b"\x84\xa5nodes\xdc\x00A\x84\xa5index\x00\xa4name\xacparser_model",
        b'\x82\xa5moves\xd9T{"0":{},"1":{"TOWN":3}}',
        b"P1\n",
    ],
)
def test_msgpack_that_looks_like_an_act_passes_unless_it_must_be_a_pickle(
    tmp_path: Path, content: bytes
) -> None:
    """spaCy's files begin with a map of msgpack, whose first byte is an opcode of copyreg."""
    assert not audited(tmp_path, "model", content).findings
    assert audited(tmp_path, "model.pkl", content).findings


def test_every_file_of_a_folder_is_audited(tmp_path: Path) -> None:
    (tmp_path / "m" / "deep").mkdir(parents=True)
    (tmp_path / "m" / "meta.json").write_text("{}")
    content = hostile.called(hostile.by_global("os.system"), hostile.text("x"))
    (tmp_path / "m" / "deep" / "part").write_bytes(content)
    report = audit_model(tmp_path / "m", JUDGE)
    assert [one.location for one in report.findings] == ["deep/part"]


def test_pytorchs_bytes_pass_where_they_are_read(tmp_path: Path) -> None:
    parts = (0x1950A86A20F9469CFC6C, 1001, {}, {"w": 1}, [])
    inner = b"".join(pickle.dumps(one, 2) for one in parts)
    for literal in (pickle.dumps(inner, 4)[2:-1], pickle.dumps(inner, 2)[2:-1]):
        content = hostile.called(hostile.by_global(hostile.TORCH_BYTES), literal)
        assert audited(tmp_path, "model.pkl", content).findings == []
