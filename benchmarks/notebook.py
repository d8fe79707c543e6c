"""From a notebook to a served image: seconds from the second of two lines to the first answer.

`.venv/bin/python benchmarks/notebook.py [--output docker] [--base IMAGE] [--repeat 3]`. Runs a
notebook in a real kernel with a fitted pipeline and a frame; its last cell has two lines, which
import `packager` and pack the model. Then the image is started by `package.serve()` and answers.
The first run may download and build wheels; the others have them in the cache.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
from notebooks_run import error_of, printed, run, teaching_cells

CELLS = """
import time
START = time.time()
{pack}
PACKED = time.time()
"""
SERVED = """
import json, os
with package.serve() as client:
    client.predict([{row}])
    print(json.dumps({{"processor": sum(os.times()[:4]),
                       "packed": PACKED - START, "served": time.time() - START,
                       "where": "process" if package.local else "container"}}))
"""
ROW = "iris.data[0].tolist() and dict(zip(iris.feature_names, iris.data[0].tolist()))"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="docker")
    parser.add_argument("--base", default="package-base:bookworm-python3.11")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    cells = teaching_cells("iris", output=chosen.output)
    options = f"options=packager.BuildOptions(base={chosen.base!r})"
    cells[-1] = CELLS.format(pack=cells[-1].removesuffix(")") + f", {options})")
    cells.append(SERVED.format(row=ROW))
    runs, pack = [], cells[-2]
    for number in range(chosen.repeat):
        folder = Path(tempfile.mkdtemp())
        cells[-2] = pack.replace('name="iris"', f'name="iris{number}"')
        began = time.time()
        done = run(cells, folder)
        shutil.rmtree(folder, ignore_errors=True)
        errors = [error_of(cell) for cell in done if error_of(cell)]
        if errors:
            print(errors[0])
            return 1
        runs.append({**json.loads(printed(done[-1])), "notebook": time.time() - began})
        print(json.dumps(runs[-1]) if chosen.json else told(runs[-1]))
    return 0


def told(found: dict[str, object]) -> str:
    seconds = (f"{name} after {found[name]:.1f} s" for name in ("packed", "served"))
    return f"{', '.join(seconds)} ({found['where']}), {found['processor']:.1f} s of the processor"


if __name__ == "__main__":
    sys.exit(main())
