"""Nearly equal text and arrays are found, in any order of rows, and unlike ones are not."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from packager.data.checks import similarity
from packager.data.checks.similarity import array_signatures, text_signatures, thumbnails, twins

RANDOM = np.random.default_rng(3)
WORDS = [f"word{n}" for n in range(300)]
TEXTS = [" ".join(RANDOM.choice(WORDS, 30)) for _ in range(400)]
DIGITS = load_digits().images.astype(np.uint8)[:600]


def order(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.uint64)


def test_texts_with_a_changed_word_are_near_and_others_are_not():
    changed = [f"{text} end" for text in TEXTS[:20]]
    found = twins(text_signatures([*TEXTS, *changed]), order(420))
    assert found[400:].tolist() == list(range(20))
    assert (found[:400] < 0).all()


def test_arrays_with_noise_are_near_and_other_digits_are_not():
    noisy = np.clip(DIGITS[:20].astype(int) + (RANDOM.random((20, 8, 8)) < 0.05), 0, 16)
    found = twins(array_signatures(np.concatenate([DIGITS, noisy.astype(np.uint8)])), order(620))
    assert (found[600:] == np.arange(20)).mean() >= 0.9
    assert (found[:600] < 0).mean() > 0.99


def test_the_order_of_rows_does_not_matter():
    texts = [*TEXTS[:50], *(f"{text} end" for text in TEXTS[:50])]
    mixed = RANDOM.permutation(100)
    plain = twins(text_signatures(texts), order(100))
    again = twins(text_signatures([texts[at] for at in mixed]), mixed.astype(np.uint64))
    pairs = {(int(mixed[row]), int(mixed[twin])) for row, twin in enumerate(again) if twin >= 0}
    assert pairs == {(row, int(twin)) for row, twin in enumerate(plain) if twin >= 0}


def test_rows_are_compared_with_able_ones_only():
    able = np.arange(420) < 400
    texts = [*TEXTS, *(f"{text} end" for text in TEXTS[:20])]
    found = twins(text_signatures(texts), order(420)[::-1].copy(), able)
    assert found[400:].tolist() == list(range(20))
    assert (found[:400] < 0).all()


def test_texts_without_words_are_like_no_other():
    assert (twins(text_signatures(["", "!", "a b c", "..."]), order(4)) < 0).all()


def test_parts_of_bounded_size_give_the_same(monkeypatch):
    whole = text_signatures(TEXTS)
    small = thumbnails(DIGITS)
    monkeypatch.setattr(similarity, "STEP", 100)
    assert (text_signatures(TEXTS).keys == whole.keys).all()
    assert (thumbnails(DIGITS) == small).all()


def test_thumbnails_are_means_of_parts():
    block = np.arange(2 * 16 * 16 * 3, dtype=float).reshape(2, 16, 16, 3)
    assert thumbnails(block).shape == (2, 64)
    assert thumbnails(block)[0, 0] == block[0, :2, :2].mean()
    assert thumbnails(np.full((1, 200), np.nan)).tolist() == [[0.0] * 64]


def test_arrays_that_are_all_alike_have_no_signatures():
    assert array_signatures(np.zeros((9, 4, 4))) is None
    assert array_signatures(np.zeros((0, 4))) is None


def test_the_work_grows_with_the_rows_not_their_square(monkeypatch):
    compared = []
    near = similarity.Signatures.near

    def counted(self, one, other):
        compared.append(len(one))
        return near(self, one, other)

    monkeypatch.setattr(similarity.Signatures, "near", counted)
    block = np.repeat(DIGITS[:1], 500, 0)
    block[7] = DIGITS[1]
    block[8:100] = DIGITS[2]
    twins(array_signatures(block), order(500))
    assert sum(compared) <= 2 * similarity.TABLES * 500
