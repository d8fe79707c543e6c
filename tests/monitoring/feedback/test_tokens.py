from __future__ import annotations

import base64
import hashlib
import hmac
from itertools import count
from typing import Any

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.feedback.keys import FeedbackKeys, KeyFileError, KeyRing
from monitoring.feedback.tokens import TOKEN_LENGTH, TokenError, Tokens

ROOT = "0123456789ab" + "0" * 52
KEYS = FeedbackKeys.parse("7:" + base64.b64encode(b"k" * 32).decode(), "diamonds")
CLASSES = ("Fair", "Good", "Ideal")


def tokens(
    classes: Any = CLASSES, keys: FeedbackKeys = KEYS, at: float = 1_700_000_000, **options: Any
):
    return Tokens(keys, options.pop("root", ROOT), classes, now=lambda: at, **options)


def reason(verifier: Tokens, token: object) -> str:
    with pytest.raises(TokenError) as caught:
        verifier.verify(token)
    return caught.value.reason


@given(
    st.sampled_from([*CLASSES, None, "else"]),
    st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=3, max_size=3),
    st.integers(1, 2**24 - 1),
    st.integers(0, 2**32 - 1),
)
def test_a_token_says_what_went_in(
    label: str | None, chances: list[float], bitmap: int, at: int
) -> None:
    mine = tokens(at=at)
    (text,) = mine.mint([label], [chances], [bitmap])
    assert len(text) == TOKEN_LENGTH == 64
    found = mine.verify(text)
    assert (found.version.hex(), found.minted, found.bitmap) == (ROOT[:12], at, bitmap)
    assert mine.predicted(found) == (label if label in CLASSES else None)
    sure = chances[CLASSES.index(label)] if label in CLASSES else None
    if sure is None or sure != sure:
        assert found.confidence is None
    else:
        assert found.confidence == pytest.approx(sure, abs=1 / 254)  # one byte


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_regression_token_holds_the_very_number(number: float) -> None:
    mine = tokens(None)
    (text,) = mine.mint([number], None, [1])
    assert mine.verify(text).number == number


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*CLASSES, None, "else"]) | st.sampled_from(CLASSES),
            st.lists(st.floats(-0.1, 1.1) | st.just(float("nan")), min_size=3, max_size=3),
            st.integers(1, 2**32 - 1),
        ),
        min_size=2,
        max_size=40,
    ),
    st.sampled_from(["lists", "array", "none"]),
    st.booleans(),
)
def test_tokens_of_many_rows_are_those_of_each_row(rows: Any, form: str, as_array: bool) -> None:
    labels, lists, bitmaps = map(list, zip(*rows, strict=True))
    chances: Any = {"lists": lists, "array": np.array(lists), "none": None}[form]
    mine = tokens()
    minted = mine.mint(labels, chances, np.array(bitmaps, np.int64) if as_array else bitmaps)
    first = int.from_bytes(mine.verify(minted[0]).nonce, "big")
    mine._nonces = count(first)
    alone = [
        mine.mint([label], None if form == "none" else [lists[row]], [bitmaps[row]])[0]
        for row, label in enumerate(labels)
    ]
    assert minted == alone


@given(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=40)
)
def test_regression_tokens_of_many_rows_are_those_of_each_row(numbers: list[float | None]) -> None:
    mine = tokens(None)
    minted = mine.mint(numbers, None, [1] * len(numbers))
    raw = [base64.urlsafe_b64decode(token) for token in minted]
    mine._nonces = count(int.from_bytes(raw[0][24:32], "big"))
    assert minted == [mine.mint([number], None, [1])[0] for number in numbers]


def test_a_signature_is_a_keyed_blake2s_of_the_rest() -> None:
    raw = base64.urlsafe_b64decode(TOKEN)
    secret = KEYS.secrets[7]
    assert raw[32:] == hashlib.blake2s(raw[:32], key=secret, digest_size=16).digest()


TOKEN = tokens().mint(["Good"], [[0.2, 0.7, 0.1]], [5])[0]


@given(st.integers(0, 48 * 8 - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[bit // 8] ^= 1 << bit % 8
    assert reason(tokens(), base64.urlsafe_b64encode(raw).decode()) == "bad_signature"


@pytest.mark.slow
@settings(max_examples=many(300))
@given(st.none() | st.integers() | st.text() | st.text(min_size=64, max_size=64) | st.binary())
def test_whatever_is_no_token_is_refused(text: object) -> None:
    assert reason(tokens(), text) in ("malformed", "bad_signature")


@given(st.integers(0, 63))
def test_a_shortened_token_is_malformed(length: int) -> None:
    assert reason(tokens(), TOKEN[:length]) == "malformed"
    assert reason(tokens(), TOKEN + TOKEN[: length + 1]) == "malformed"


def test_the_other_base64_alphabet_makes_no_second_form_of_a_token() -> None:
    mine = tokens()
    text = next(t for t in mine.mint(["Good"] * 50, None, [1] * 50) if "-" in t)
    assert reason(mine, text.replace("-", "+")) == "malformed"


def test_no_two_tokens_are_equal() -> None:
    minted = tokens().mint(["Good"] * 1000, None, [1] * 1000)
    assert len(set(minted)) == 1000


def test_a_token_expires() -> None:
    day = 86_400
    assert tokens(at=1_700_000_000 + 30 * day).verify(TOKEN).bitmap == 5
    assert reason(tokens(at=1_700_000_001 + 30 * day), TOKEN) == "expired"
    assert reason(tokens(at=1_700_000_000 + day, days=0.5), TOKEN) == "expired"


def test_a_token_of_a_clock_that_ran_ahead_is_good_when_it_comes_back() -> None:
    (ahead,) = tokens(at=1_700_000_000 + 40 * 86_400).mint(["Fair"], None, [1])
    (before,) = tokens(at=1_700_000_000).mint(["Fair"], None, [1])
    mine = tokens(at=1_700_000_100)
    assert mine.age(mine.verify(ahead)) == 0.0
    assert mine.age(mine.verify(before)) == 100.0


@pytest.mark.parametrize("at", [-5.0, 0.0, 2.0**32, 1e12])
def test_whatever_the_clock_says_there_is_a_token(at: float) -> None:
    (text,) = tokens(at=at).mint(["Fair"], None, [1])
    assert tokens(at=0.0).verify(text).minted == min(max(0, int(at)), 2**32 - 1)


def test_another_key_or_model_does_not_verify() -> None:
    secret = base64.b64encode(b"k" * 32).decode()
    for keys in (
        FeedbackKeys.parse("7:" + base64.b64encode(b"j" * 32).decode(), "diamonds"),
        FeedbackKeys.parse(f"8:{secret}", "diamonds"),
        FeedbackKeys.parse(f"7:{secret}", "rubies"),
    ):
        assert reason(tokens(keys=keys), TOKEN) == "bad_signature"


def test_a_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr("monitoring.feedback.tokens.hmac.compare_digest", counting)
    mine = tokens()
    assert mine.verify(TOKEN)
    assert reason(mine, "A" * 62 + TOKEN[62:]) == "bad_signature"
    for place in (44, 63):
        changed = TOKEN[:place] + ("A" if TOKEN[place] != "A" else "B") + TOKEN[place + 1 :]
        assert reason(mine, changed) == "bad_signature"
    assert compared[0] == (16, 16)
    assert set(compared) == {(16, 16)}
    assert len(compared) == 3  # a key that isn't there has no signature to compare


def test_another_version_of_the_same_model_verifies() -> None:
    assert tokens(root="f" * 64).verify(TOKEN).version.hex() == ROOT[:12]


def test_a_token_of_another_task_is_of_no_version() -> None:
    assert reason(tokens(None), TOKEN) == "unknown_version"
    number = tokens(None).mint([1.5], None, [1])[0]
    assert reason(tokens(), number) == "unknown_version"


def test_a_regression_without_a_number_cannot_be_scored() -> None:
    mine = tokens(None)
    (text,) = mine.mint([None], None, [1])
    assert reason(mine, text) == "no_prediction"


A, B = base64.b64encode(b"a" * 32).decode(), (b"b" * 16).hex()


def test_keys_rotate_by_their_file(tmp_path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# ours\n\n1:{A}\n")
    ring = KeyRing(path, "m")
    old = tokens(keys=ring.keys)
    token = old.mint(["Good"], None, [1])[0]
    assert not ring.refresh()
    path.write_text(f"2:hex:{B}\n1:{A}\n")
    assert ring.refresh()
    new = tokens(keys=ring.keys)
    assert new.verify(token)
    assert base64.urlsafe_b64decode(new.mint(["Good"], None, [1])[0])[0] == 2
    path.write_text(f"2:hex:{B}\n")
    assert ring.refresh()
    assert reason(tokens(keys=ring.keys), token) == "bad_signature"


def test_a_broken_key_file_leaves_the_keys_as_they_were(tmp_path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"1:{A}")
    ring = KeyRing(path, "m")
    path.write_text("nonsense")
    with pytest.raises(KeyFileError, match="line 1: expected id:secret"):
        ring.refresh()
    assert not ring.refresh()
    assert ring.keys.first == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected at least one line"),
        ("# only words", "expected at least one line"),
        ("abc", "line 1: expected id:secret"),
        (f"0:{A}", "an id from 1 to 255"),
        (f"256:{A}", "an id from 1 to 255"),
        (f"1:{A}\n1:{A}", "line 2: duplicate key id 1"),
        ("1:hex:abc", "line 1: the secret is neither base64 nor hex"),
        ("1:hex:" + "00" * 15, "at least 16 bytes, got 15"),
        ("1:§§§§", "line 1: the secret is neither base64 nor hex"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_where(text: str, said: str) -> None:
    with pytest.raises(KeyFileError, match=said) as caught:
        FeedbackKeys.parse(text, "m")
    assert A not in str(caught.value)


def test_an_absent_key_file_is_named(tmp_path) -> None:
    with pytest.raises(KeyFileError, match="keys: No such file"):
        KeyRing(tmp_path / "keys", "m")
