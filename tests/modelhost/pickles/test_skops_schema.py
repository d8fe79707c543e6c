"""The types that a skops archive names are judged before skops reads it."""

from __future__ import annotations

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from modelhost.errors import PackageError
from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import NoModules, here
from modelhost.pickles.report import PickleReport
from modelhost.pickles.skops_schema import SchemaNames
from modelhost.storage import load_estimator

JUDGE = Judge(here())


def node(loader: str, full: str, content: Any = None, **more: Any) -> dict[str, Any]:
    """A node as skops writes it."""
    module, _, name = full.rpartition(".")
    made = {"__class__": name, "__module__": module, "__loader__": loader, **more}
    return made if content is None else {**made, "content": content}


def value(content: object) -> dict[str, Any]:
    return node("JsonNode", "builtins.str", json.dumps(content), is_json=True)


def dictionary(*types: dict[str, Any], **content: Any) -> dict[str, Any]:
    keys = node("ListNode", "builtins.list", list(types))
    return node("DictNode", "builtins.dict", content, key_types=keys)


STR = node("TypeNode", "builtins.str")
LOSS = node("LossNode", "sklearn._loss._loss.CyHalfBinomialLoss", dictionary())
ESTIMATOR = node(
    "ObjectNode",
    "sklearn.linear_model._logistic.LogisticRegression",
    dictionary(STR, STR, C=value(1.0), state=node("NdArrayNode", "numpy.float64", file="1.npy")),
)


def archive(folder: Path, schema: object, *, text: bytes | None = None) -> Path:
    path = folder / "model.skops"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("schema.json", json.dumps(schema) if text is None else text)
    return path


def audited(folder: Path, schema: object) -> PickleReport:
    return audit_model(archive(folder, schema), JUDGE)


def test_what_skops_writes_of_estimators_passes(tmp_path: Path) -> None:
    parts = [
        ESTIMATOR,
        node("TupleNode", "builtins.tuple", [value(1), value(2)]),
        node("FunctionNode", "numpy.log1p"),
        node("TreeNode", "sklearn.tree._tree.Tree", dictionary(), __reduce__={"args": value([])}),
        *([LOSS] if find_spec("sklearn._loss._loss") else []),
        node("RandomStateNode", "numpy.random.mtrand.RandomState", dictionary()),
        node(
            "RandomGeneratorNode",
            "numpy.random._generator.Generator",
            {"bit_generator": dictionary(STR, bit_generator=value("PCG64"))},
        ),
        node("DefaultDictNode", "collections.defaultdict", {"default_factory": STR}),
        node("DefaultDictNode", "collections.defaultdict", {"default_factory": value(None)}),
        node("OperatorFuncNode", "operator.itemgetter", attrs=value([1])),
    ]
    report = audited(tmp_path, node("ListNode", "builtins.list", parts))
    assert [one.text for one in report.findings] == []
    assert report.pickles == 1
    by_name = audit_model(archive(tmp_path, ESTIMATOR), Judge(NoModules()))
    assert (by_name.findings, by_name.unknown) == ([], [])


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        (
            node("ConstructorFromReduceNode", "os.system", value(["x"])),
            "calls os.system, which is of the standard library",
        ),
        (node("ObjectNode", "subprocess.Popen"), "names subprocess.Popen, which is of the"),
        (node("ListNode", "builtins.eval", []), "calls builtins.eval, which is of the standard"),
        (
            node("ConstructorFromReduceNode", "joblib.memory.Memory", value(["x"])),
            "calls joblib.memory.Memory, which is of a module that runs programs",
        ),
        (
            node("ConstructorFromReduceNode", "pandas.core.frame.DataFrame.eval", value(["x"])),
            "calls pandas.core.frame.DataFrame.eval, which is",
        ),
        (node("FunctionNode", "os.system"), "names os.system"),
        (
            node("FunctionNode", "x.x", {"module_path": "os", "function": "system"}),
            "names os.system",
        ),
        (node("TypeNode", "subprocess.Popen"), "names subprocess.Popen"),
        (
            dictionary(node("TypeNode", "sklearn.datasets.load_iris"), a=value(1)),
            "calls sklearn.datasets.load_iris, which is of a module that runs programs",
        ),
        (
            dictionary(node("FunctionNode", "numpy.log1p"), a=value(1)),
            "calls an object that it has made",
        ),
        (
            node("DictNode", "builtins.dict", {}, key_types=value("ab")),
            "has a dictionary without types of its keys",
        ),
        (
            node("DefaultDictNode", "collections.defaultdict", {"default_factory": ESTIMATOR}),
            "calls an object that it has made",
        ),
        (
            node(
                "MethodNode",
                "sklearn.linear_model._logistic.LogisticRegression",
                {"obj": ESTIMATOR, "func": "fit"},
            ),
            "LogisticRegression.fit, which is a method or attribute of a class",
        ),
        (
            node("OperatorFuncNode", "operator.methodcaller", attrs=value(["x"])),
            "calls operator.methodcaller",
        ),
        (
            node("PartialNode", "functools.partial", {"func": node("FunctionNode", "os.system")}),
            "names os.system, which is of the standard library",
        ),
        (
            node(
                "RandomGeneratorNode",
                "numpy.random._generator.Generator",
                {"bit_generator": dictionary(STR, bit_generator=value("seed"))},
            ),
            "calls numpy.random.seed, which is",
        ),
        (
            node("RandomGeneratorNode", "numpy.random._generator.Generator", {}),
            "has a node without a name of what it imports",
        ),
        (node("NewNode", "builtins.list"), "has a node 'NewNode', which the audit doesn't know"),
        ({"__loader__": "ListNode"}, "has a node without a class"),
        (
            [
                node("ObjectNode", "sklearn.pipeline.Pipeline", __id__=1),
                node("TypeNode", "builtins.str", __id__=1),
            ],
            "gives two objects the number 1",
        ),
    ],
)
def test_what_an_archive_must_not_do_is_refused_wherever_it_is(
    tmp_path: Path, hostile: object, told: str
) -> None:
    inner = hostile if isinstance(hostile, list) else [hostile]
    schema = dictionary(STR, deep=node("ListNode", "builtins.list", inner))
    texts = [one.text for one in audited(tmp_path, schema).findings]
    assert any(told in text for text in texts), texts
    assert all(text.startswith("the file, schema.json: ") for text in texts)


def test_skops_is_not_asked_for_a_hostile_archive(tmp_path: Path) -> None:
    schema = node("ConstructorFromReduceNode", "posix.system", value(["x"]))
    with pytest.raises(PackageError, match=r"schema\.json: calls posix\.system") as error:
        load_estimator(archive(tmp_path, schema), "auto", "format:skops")
    assert 'pickle_allow = ["posix.system"]' in error.value.hint


def test_every_schema_of_an_archive_is_judged(tmp_path: Path) -> None:
    path = archive(tmp_path, node("FunctionNode", "os.system"))
    with zipfile.ZipFile(path, "a") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr("schema.json", json.dumps(ESTIMATOR))
    assert [one.name for one in audit_model(path, JUDGE).findings] == ["os.system"]


def test_other_files_of_the_name_pass_and_a_deep_one_is_refused(tmp_path: Path) -> None:
    for text in (b"no json", b"{}", b"[1]", b'{"type": "object"}'):
        report = audit_model(archive(tmp_path, None, text=text), JUDGE)
        assert (report.findings, report.pickles) == ([], 0)
    report = audit_model(archive(tmp_path, None, text=b"[" * 100_000), JUDGE)
    assert [one.text for one in report.findings] == [
        "the file, schema.json: is nested too deeply to audit"
    ]


def test_a_deep_tree_is_followed_without_recursion() -> None:
    schema: dict[str, Any] = node("FunctionNode", "os.system")
    for _ in range(200):
        schema = node("ListNode", "builtins.list", [schema])
    assert ("os", "system") in SchemaNames(json.dumps(schema).encode()).globals
