"""Models of libraries that are too large for the tests' own environment.

``MODEL_PACKAGER_FORMATS=PYTHON`` names an interpreter whose environment has some of them; what it
lacks is skipped. Each model is made and saved twice, in two processes, loaded by the model host in
that environment, and asked: both have one state.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
MAKER = TOP / "tests" / "support" / "large_models.py"
OUTPUTS_MAKER = TOP / "tests" / "support" / "large_outputs.py"
PYTHON = os.environ.get("MODEL_PACKAGER_FORMATS", "")
CASES = {
    "catboost": ("catboost", "catboost"),
    "catboost_pickle": ("catboost", None),
    "onnx_zipmap": ("skl2onnx", "onnx"),
    "onnx_tensor": ("skl2onnx", "onnx"),
    "skops": ("skops", "skops"),
    "torchscript": ("torch", "torchscript"),
    "torchscript_number": ("torch", "torchscript"),
    "torch_export": ("torch", "torch_export"),
    "torch_export_fixed": ("torch", "torch_export"),
    "torch_module": ("torch", None),
    "torchscript_words": ("torch", "torchscript"),
    "torch_export_words": ("torch", "torch_export"),
    "torch_module_words": ("torch", None),
    "keras": ("keras", "keras"),
    "keras_words": ("keras", "keras"),
    "prophet": ("prophet", "prophet"),
    "prophet_pickle": ("prophet", None),
    "spacy": ("spacy", "spacy"),
    "transformers": ("transformers", "transformers"),
    "pmdarima": ("pmdarima", None),
    "sktime": ("sktime", None),
    "surprise": ("surprise", None),
    "cox": ("lifelines", None),
    "aft": ("lifelines", None),
    "kaplan": ("lifelines", None),
}
"""Case → the library that makes it, and the format that is found; None for a pickle."""


OUTPUTS = {
    **dict.fromkeys(("torch_export", "torchscript", "onnx"), "torch"),
    **dict.fromkeys(("keras", "keras_inputs"), "keras"),
    **dict.fromkeys(
        ("transformers_labels", "transformers_spans", "transformers_vector"), "transformers"
    ),
    **dict.fromkeys(("cox", "weibull"), "lifelines"),
    **{name: name for name in ("spacy", "pmdarima", "sktime", "surprise", "catboost")},
}
"""Case of ``[outputs]`` → the library that makes it."""


def made(name: str, place: Path, maker: Path = MAKER) -> dict[str, object]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
    command = [PYTHON, "-W", "ignore", str(maker), name, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.skipif(not PYTHON, reason="MODEL_PACKAGER_FORMATS=PYTHON runs it")
@pytest.mark.parametrize("name", CASES)
def test_a_model_is_loaded_and_has_one_state(tmp_path: Path, name: str) -> None:
    library, known = CASES[name]
    if subprocess.run([PYTHON, "-c", f"import {library}"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no {library}")
    one, two = (made(name, tmp_path / place) for place in ("one", "two"))
    assert one["format"] == known
    assert one["answers"] == two["answers"]
    assert one["state"] == two["state"]
    assert one["agrees"], "the library itself gives other answers"
    if known is None or known in ("spacy", "transformers"):
        return
    assert str(one["cut"]).startswith(("m", "catboost", "onnxruntime", "torch", "keras", "skops"))
    assert "expected a model, got" in str(one["cut"]) or "can't read" in str(one["cut"])


@pytest.mark.skipif(not PYTHON, reason="MODEL_PACKAGER_FORMATS=PYTHON runs it")
@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_are_what_the_library_answers(tmp_path: Path, name: str) -> None:
    if subprocess.run([PYTHON, "-c", f"import {OUTPUTS[name]}"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no {OUTPUTS[name]}")
    told = made(name, tmp_path / "one", OUTPUTS_MAKER)
    assert told["agrees"], told
