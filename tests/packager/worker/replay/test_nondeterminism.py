from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from packager.worker.replay.nondeterminism import find_nondeterminism


def findings(tmp_path: Path, text: str) -> tuple[str, ...]:
    (tmp_path / "train.py").write_text(textwrap.dedent(text))
    return find_nondeterminism(tmp_path)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import time\ntime.time()", "time.time() reads the clock"),
        ("from time import time as now\nnow()", "time.time() reads the clock"),
        (
            "from datetime import datetime\ndatetime.now()",
            "datetime.datetime.now() reads the clock",
        ),
        (
            "import numpy as np\nnp.random.default_rng()",
            "numpy.random.default_rng() draws random numbers without the seed",
        ),
        (
            "import random\nrandom.Random(None)",
            "random.Random() draws random numbers without the seed",
        ),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4() draws random numbers without the seed"),
        (
            "import os\nos.listdir('x')",
            "os.listdir() reads files in directory order, which is undefined",
        ),
        (
            "from pathlib import Path\n[p for p in Path('x').rglob('*')]",
            "the call() reads files in directory order, which is undefined",
        ),
        (
            "x = 1\nfor name in {'a', 'b'}: pass",
            "a loop iterates over a set, whose order may differ",
        ),
        ("x = 1\nlist(set('ab'))", "a loop iterates over a set, whose order may differ"),
        (
            "x = 1\nForest(n_jobs=-1)",
            "Forest() runs in parallel: completion order and summation order may differ",
        ),
        (
            "import os\nos.environ['HOME']",
            "os.environ reads the environment it runs in",
        ),
        ("import pandas as pd\npd.to_datetime('now')", "pandas.to_datetime() reads the clock"),
        ("x = 1\npath.stat().st_mtime", "st_mtime reads the clock"),
        (
            "import numpy as np\nnp.random.PCG64()",
            "numpy.random.PCG64() draws random numbers without the seed",
        ),
        (
            "names = set(a) - {'b'}\nfor name in names: pass",
            "a loop iterates over a set, whose order may differ",
        ),
        (
            "x = 1\nopen('/proc/uptime')",
            "/proc/uptime reads a file of the machine, not of the project",
        ),
        (
            "import subprocess\nsubprocess.run(['date'])",
            "subprocess.run() starts a program that is not in the package",
        ),
        ("import os\nos.cpu_count()", "os.cpu_count() reads the environment it runs in"),
        ("x = 1\nhash('a')", "hash() depends on addresses in memory or on the hash seed"),
    ],
)
def test_nondeterminism_is_reported_with_its_location(tmp_path: Path, code: str, told: str) -> None:
    assert findings(tmp_path, code) == (f"train.py:2: {told}",)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.random.default_rng(seed)",
        "import random\nrandom.Random(x=3)",
        "import os\nsorted(os.listdir('x'))",
        "for name in sorted({'a', 'b'}): pass",
        "len(set('ab'))",
        "Forest(n_jobs=1)",
        "clock.time()",
    ],
)
def test_deterministic_code_is_not_reported(tmp_path: Path, code: str) -> None:
    assert findings(tmp_path, code) == ()


def test_a_file_that_is_not_python_is_passed_over(tmp_path: Path) -> None:
    assert findings(tmp_path, "print 'Python 2'") == ()
