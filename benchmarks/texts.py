"""Compiled models of texts beside scikit-learn: equality on many texts, and CPU time a row.

    python benchmarks/texts.py [--texts N]

The documents are the docstrings of numpy, pandas and scikit-learn (at most 1,200 characters each),
cut and joined at random until there are as many as asked; the classes are the three libraries.
``native`` is what a server does without a compiled form, in the model's process: a frame of checked
values, and the model on it. Times are CPU microseconds a row, the least of several runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import numpy as np
import pandas as pd
import sklearn
from compile_samples import Sample, compiled
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

MODELS: dict[str, Callable[[], Any]] = {
    "words, logistic": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "words, naive Bayes": lambda: make_pipeline(TfidfVectorizer(), MultinomialNB()),
    "1-2 words, logistic": lambda: make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression()
    ),
    "2-4 characters, naive Bayes": lambda: make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), MultinomialNB()
    ),
}


def docstrings(library: Any) -> Iterator[str]:
    """The docstrings of what a library's loaded modules hold."""
    name = library.__name__
    for module in [m for key, m in sorted(sys.modules.items()) if key.split(".")[0] == name]:
        for thing in list(vars(module).values()):
            inner = list(vars(thing).values()) if isinstance(thing, type) else []
            for one in (thing, *inner):
                text = getattr(one, "__doc__", None)
                if isinstance(text, str) and len(text) > 40:
                    yield text[:1200]


def documents(count: int) -> tuple[pd.DataFrame, Any]:
    """Texts and their classes."""
    random = np.random.default_rng(0)
    libraries = [sorted(set(docstrings(one))) for one in (np, pd, sklearn)]
    classes = random.integers(0, 3, count)
    texts = []
    for place in classes.tolist():
        known = libraries[place]
        one, other = (known[at] for at in random.integers(0, len(known), 2).tolist())
        cut = int(random.integers(0, 800))
        texts.append((one[cut:] + " " + other)[:1200])
    return pd.DataFrame({"text": texts}), classes


def microseconds(call: Callable[[], object], rows: int, runs: int = 5) -> float:
    """CPU time of ``call``, for each of ``rows``."""
    best = float("inf")
    for _ in range(runs):
        started = time.thread_time()
        call()
        best = min(best, time.thread_time() - started)
    return best / rows * 1e6


def native(made: Sample, texts: list[str]) -> Any:
    """The model's answers to rows of requests."""
    return made.native([{"text": text} for text in texts])


def report(name: str, made: Sample, texts: list[str]) -> None:
    """Print equality and times."""
    assert made.compiled is not None, made.verdict
    answers, inside = made.compiled.predict_rows([texts])
    wanted = native(made, texts)
    labels = sum(
        one != other
        for one, other, known in zip(answers.labels, wanted.labels, inside, strict=True)
        if known
    )
    left, right = answers.probabilities, wanted.probabilities
    assert left is not None
    assert right is not None
    equal = (left == right).all(axis=1)[inside].mean()
    some = texts[:200]
    row = microseconds(lambda: [made.compiled.predict_row([text]) for text in some], len(some))
    own = microseconds(lambda: [native(made, [text]) for text in some], len(some), 3)
    many = microseconds(lambda: made.compiled.predict_rows([some]), len(some))
    batch = microseconds(lambda: native(made, some), len(some), 3)
    print(
        f"{name}: {len(made.model.native[0].vocabulary_):,} n-grams; {len(texts):,} texts, "
        f"{int((~inside).sum())} outside, labels differing {labels}, largest difference "
        f"{np.abs(left - right)[inside].max():.1e}, equal to the last bit {equal:.1%}; one row "
        f"{row:.0f} µs, native {own:.0f} (x{own / row:.1f}); of {len(some)} rows {many:.0f}, "
        f"native {batch:.0f} (x{batch / many:.1f})",
        flush=True,
    )


def main() -> None:
    """Compile each model on 4,000 texts and compare it on the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=30_000)
    options = parser.parse_args()
    frame, classes = documents(options.texts + 4_000)
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, model) in enumerate(MODELS.items()):
            place = Path(folder) / str(number)
            made = compiled(model(), frame[:4_000], classes[:4_000], place)
            report(name, made, frame["text"][4_000:].tolist())


if __name__ == "__main__":
    main()
