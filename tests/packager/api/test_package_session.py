"""Threads, copies and forked processes of a caller get their own answers."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from command import Package

import packager
from packager import ModelPackage, PackageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def opened(local_package: Package) -> Iterator[ModelPackage]:
    with packager.load(local_package.reference, local=True) as found:
        yield found


@pytest.fixture(scope="module")
def parts(local_package: Package) -> list[pd.DataFrame]:
    frame = pd.read_csv(local_package.project / "data" / "visits.csv").drop(columns="returned")
    return [frame.iloc[start : start + 5] for start in range(0, 60, 5)]


@pytest.fixture(scope="module")
def expected(opened: ModelPackage, parts: list[pd.DataFrame]) -> list[np.ndarray]:
    return [opened.predict_proba(part) for part in parts]


def test_threads_take_turns(
    opened: ModelPackage, parts: list[pd.DataFrame], expected: list[np.ndarray]
) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(opened.predict_proba, parts))
    assert all(map(np.array_equal, found, expected))


def test_a_forked_process_has_a_package_process_of_its_own(
    opened: ModelPackage, parts: list[pd.DataFrame], expected: list[np.ndarray]
) -> None:
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        same = np.array_equal(opened.predict_proba(parts[1]), expected[1])
        opened.close()
        os._exit(0 if same else 3)
    assert np.array_equal(opened.predict_proba(parts[0]), expected[0])
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(opened.predict_proba(parts[2]), expected[2])


def test_pickled_packages_of_a_process_share_one_of_their_own(
    opened: ModelPackage, parts: list[pd.DataFrame], expected: list[np.ndarray]
) -> None:
    pickled = pickle.dumps(opened)
    with pickle.loads(pickled) as again:
        assert (again.ref, again.local) == (opened.ref, True)
        assert np.array_equal(again.predict_proba(parts[0]), expected[0])
        another = pickle.loads(pickled)  # as a pool gets with each task
        assert another._session is again._session
        assert another._session is not opened._session


def predict_again(opened: ModelPackage, rows: pd.DataFrame) -> None:
    for _ in range(50):
        opened.predict(rows)


def test_an_interrupted_call_leaves_no_answer_to_the_next_one(
    opened: ModelPackage, parts: list[pd.DataFrame], expected: list[np.ndarray]
) -> None:
    many = pd.concat(parts * 4_000, ignore_index=True)
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.4, lambda: signal.pthread_kill(main, signal.SIGINT))
    # A shell starts what is in the background without a handler of SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            predict_again(opened, many)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert np.array_equal(opened.predict_proba(parts[3]), expected[3])


def test_a_refused_row_leaves_the_package_usable(
    opened: ModelPackage, parts: list[pd.DataFrame], expected: list[np.ndarray]
) -> None:
    first = parts[0]
    with pytest.raises(PackageError):
        opened.predict(first.assign(**{str(first.columns[0]): [[1]] * len(first)}))
    assert np.array_equal(opened.predict_proba(first), expected[0])
