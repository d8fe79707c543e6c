"""Column names that indicate personal data, in several languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.personal_names import NAMES, kinds_named


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email", "email"),
        ("Customer E-Mail", "email"),
        ("work_phone_number", "phone"),
        ("Téléphone", "phone"),
        ("nomDeFamille", "person"),
        ("NOM DE FAMILLE", "person"),
        ("fødselsdato", None),  # ø is a letter of its own, no accent
        ("fodselsdato", "birth"),
        ("date_of_birth", "birth"),
        ("addressLine1", "address"),
        ("Straße", "address"),
        ("身份证号", "id"),
        ("전화번호", "phone"),
    ],
)
def test_a_name_is_known_however_it_is_written(name, kind):
    assert (kind in kinds_named(name)) if kind else not kinds_named(name)


@pytest.mark.parametrize(
    "name", ["email_domain", "phone model", "nameLength", "birth_year", "", "  ", "42", "carat"]
)
def test_a_last_word_makes_it_another_thing(name):
    assert kinds_named(name) == frozenset()


@given(st.text())
def test_any_name_is_judged(name):
    assert kinds_named(name) <= set(NAMES)


@given(
    st.sampled_from([(kind, word) for kind, words in NAMES.items() for word in sorted(words)]),
    st.sampled_from(["{}", " {} ", "the_{}", "x {}", "{}1"]),
)
def test_every_word_of_the_lists_is_found_beside_others(known, form):
    kind, word = known
    if word[-1].isdigit():
        return  # digits count as part of no word: `addressline1` is found as `addressline`
    assert kind in kinds_named(form.format(word))
