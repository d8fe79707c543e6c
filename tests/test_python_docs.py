"""The examples of docs/python.md are run in their order of use: pack, prepare, then load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
START = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

draw = np.random.default_rng(0)
frame = pd.DataFrame({"age": draw.normal(size=300), "visits": draw.normal(size=300)})
frame["churned"] = (frame["age"] + frame["visits"] > 0).astype(int)
model = LogisticRegression().fit(frame[["age", "visits"]], frame["churned"])
"""
REFERENCE = '"models/churn:1.0.0-3f9c12ab45de"'


@pytest.mark.long
@pytest.mark.network
@pytest.mark.slow
def test_the_examples_run(tmp_path: Path) -> None:
    loaded, packed, prepared = BLOCK.findall(PAGE.read_text())
    assert REFERENCE in loaded
    packed = packed.replace('name="churn")', 'name="churn", output="oci:first")')
    loaded = loaded.replace(REFERENCE, "package.ref, local=True").split("with ", 1)[1]
    again = f"rows = frame\n{'with ' + loaded}\n    print(package.score(frame, frame['churned']))\n"
    script = tmp_path / "script.py"
    script.write_text("\n".join([START, packed, prepared, again]))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) > 0.9
    assert "joblib>=1.4" in (tmp_path / "churn" / "requirements.txt").read_text()
    assert (tmp_path / "churn-image" / "index.json").is_file()
