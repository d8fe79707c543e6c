"""Measures where a request spends its processor time, in one process without a socket.

    python benchmarks/hot_path.py [--rows 1 10 100] [--passes 30] [--boosting] [--without-feedback]

Makes the package of ``tabular_package.py`` (6 numbers, 8 texts, 3 slices), loads it as a worker
does, and calls the application's shortcut and each stage alone with 40 different bodies. Prints
microseconds of processor time a request, the least of all passes: what other load adds is mostly
left out. A stage alone runs with warm caches, so the stages add up to less than the whole.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from tabular_package import data, lay_out, train

from packager.manifest.manifest import Manifest

BODIES = 40
HEADERS = {b"content-type": b"application/json", b"host": b"127.0.0.1"}


def boosting(frame: pd.DataFrame, target: Any) -> Pipeline:
    texts = [name for name in frame if str(name).startswith("text")]
    encoder = ColumnTransformer([("t", OrdinalEncoder(), texts)], remainder="passthrough")
    return make_pipeline(encoder, HistGradientBoostingClassifier(random_state=7)).fit(frame, target)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--passes", type=int, default=30)
    parser.add_argument("--boosting", action="store_true")
    parser.add_argument("--without-feedback", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root, keys = Path(name) / "root", Path(name) / "keys"
        root.mkdir()
        frame, target = data()
        model = (boosting if chosen.boosting else train)(frame, target)
        lay_out(root, frame, model)
        keys.write_text(f"1:{base64.b64encode(os.urandom(32)).decode()}\n")
        os.environ |= {
            "MODEL_ROOT": str(root),
            "MODEL_STATE_DIR": name,
            "MODEL_FEEDBACK_KEY_FILE": str(keys),
            "MODEL_FEEDBACK": "off" if chosen.without_feedback else "on",
        }
        asyncio.run(measure(frame, chosen.rows, chosen.passes))


async def measure(frame: pd.DataFrame, sizes: Sequence[int], passes: int) -> None:
    """Load the package and print one line for each size; in a loop, which counting needs."""
    from serving import routes
    from serving.app import App
    from serving.prediction.model_client import ModelClient
    from serving.prediction.package_files import PackageFiles
    from serving.prediction.pipeline import Pipeline as Requests
    from serving.prediction.predictor import Predictor
    from serving.prediction.recording import Recorder
    from serving.prediction.request_limit import RequestLimit
    from serving.request import LoadedPackage
    from serving.settings import Settings

    settings = Settings.from_environment()
    manifest = Manifest.load(settings.root.package / "manifest.json")
    files = PackageFiles.load(manifest, settings.root)
    # The compiled form answers all rows, so no process of the model is asked.
    limit = RequestLimit(settings.max_queue)
    client = ModelClient((), limit, lazy=True)
    predictor = Predictor.load(settings, files, routes.MEASURED, client)
    served = routes.Routes.of(manifest, predictor.golden, settings)
    requests = Requests(predictor, settings, limit)
    app = App(None, settings, lambda _: predictor)  # type: ignore[arg-type]
    app._handler.loaded = LoadedPackage(
        served, requests, Recorder(predictor, 0.0), predictor.feedback
    )
    gc.collect()
    gc.freeze()
    for size in sizes:
        starts = range(0, size * BODIES, size)
        rows = [frame.iloc[start : start + size].to_dict("records") for start in starts]
        bodies = [json.dumps({"rows": some}).encode() for some in rows]
        stages = stages_of(predictor, served.direct[b"/predict"][1], bodies)
        stages["whole"] = (lambda body: app.direct(b"/predict", HEADERS, body), bodies)
        found = (f"{name} {least(*stage, passes):.1f}" for name, stage in stages.items())
        print(f"{size:4} rows, µs:", ", ".join(found), flush=True)


def stages_of(
    predictor: Any, adapter: Any, bodies: Sequence[bytes]
) -> dict[str, tuple[Callable[[Any], object], Sequence[Any]]]:
    """Stage → function and its arguments."""
    checked = [predictor.read(body) for body in bodies]
    outcomes = [(one, predictor.try_compiled(one)) for one in checked]
    scored = [predictor.scored(*one) for one in outcomes]
    return {
        "read": (predictor.read, bodies),
        "predict": (predictor.try_compiled, checked),
        "slices and tokens": (lambda one: predictor.scored(*one), outcomes),
        "write": (lambda one: adapter.body(None, one[0]), scored),
        "count": (lambda one: predictor.observer.observe(one[1]), scored),
    }


def least(call: Callable[[Any], object], arguments: Sequence[Any], passes: int) -> float:
    """Microseconds of this thread's processor time a call, in the fastest pass."""
    best = float("inf")
    for _ in range(passes):
        started = time.thread_time()
        for argument in arguments:
            call(argument)
        best = min(best, time.thread_time() - started)
    return best / len(arguments) * 1e6


if __name__ == "__main__":
    main()
