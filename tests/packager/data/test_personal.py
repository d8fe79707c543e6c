"""Which values are recognized as personal data, and which are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.first_names import FIRST_NAMES
from packager.data.personal import personal_kind
from packager.project.scaffold import _starter_rows

RANDOM = np.random.default_rng(3)


GIVEN = sorted(FIRST_NAMES)[::9]


FAMILY = ["Müller", "O'Brien", "García", "Nguyen", "Kowalski", "de Vries", "Öztürk", "Smith-Jones"]


PEOPLE = [f"{g.title()} {FAMILY[i % 8]}" for i, g in enumerate(GIVEN)]


CARDS = ["4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011111111111117",
         "3530111333300000", "5105105105105100", "4012888888881881"]  # fmt: skip


IBANS = ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606",
         "NL91ABNA0417164300", "ES9121000418450200051332"]  # fmt: skip


def kind(name: str, values: Sequence[Any]) -> str | None:
    return personal_kind(name, pd.Series(values, dtype=object if "\ud800" in name else None))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("contact", [f"{g}.x@mail.example.org" for g in GIVEN], "e-mail addresses"),
        ("x1", [None, "a@b.io", "Max.M+tag@firma.co.uk", "unknown"], "e-mail addresses"),
        ("E-Mail", ["a@b.de", "", "-", "none", "c@d.fr"], "e-mail addresses"),
        ("x2", ["+49 170 1234567", "+1-202-555-0100", "+33 1 23 45 67 89", "+442071838750",
                "+81 3-1234-5678"], "phone numbers"),
        ("x3", [f"({a}) 555-{b}" for a, b in zip(range(201, 211), range(1000, 1010), strict=True)],
         "phone numbers"),
        ("Telefonnummer", ["0170 1234567", "030/123456-7", "0911 99999 0"], "phone numbers"),
        ("mobile", [1701234567, 1709876543, None], "phone numbers"),
        ("x4", CARDS, "payment cards"),
        ("x5", [4111111111111111, 4012888888881881, 5105105105105100, 5555555555554444,
                378282246310005], "payment cards"),
        ("x6", IBANS, "bank accounts"),
        ("x7", ["536-90-4399", "078-05-1120", "219-09-9999", "457-55-5462", "212-09-7694"],
         "national ids"),
        ("x8", ["12345678Z", "X1234567L", "00000000T", "Y0000000Z", "87654321X"], "national ids"),
        ("x9", ["RSSMRA85T10A562S", "VRDLGU80A01H501K", "BNCMRC75B12F205X", "NRIGNN60C50L219Y",
                "GLLPLA90D41G273Z"], "national ids"),
        ("passport_no", ["C01X00T47", "AB1234567", "X98765432"], "national ids"),
        ("source", ["192.168.1.7", "10.0.0.1", "2001:db8::1"], "IP addresses"),
        ("dateOfBirth", ["1985-03-01", "1990-12-31", "2001-07-07"], "birth dates"),
        ("Geburtsdatum", ["01.03.1985", "31.12.1990", "7.7.2001"], "birth dates"),
        ("date de naissance", list(pd.to_datetime(["1985-03-01", "1990-12-31"])), "birth dates"),
        ("address", ["12 High Street", "Hauptstr. 5, 10115 Berlin", "4 rue de la Paix"],
         "postal addresses"),
        ("Straße", ["Hauptstraße 5", "Am Markt 12a", "Ringweg 7"], "postal addresses"),
        ("first_name", ["Ana", "Bo", "Cy", "Di", "Ed"], "names of people"),
        ("Nachname", FAMILY, "names of people"),
        ("apellidos", ["García López", "Pérez Ruiz", "Sanz", "Gil Mora", "Vega"],
         "names of people"),
        ("фамилия", ["Иванов", "Петров", "Сидоров", "Кузнецов", "Попов"], "names of people"),
        ("姓名", ["王小明", "李娜", "张伟", "刘洋", "陈静"], "names of people"),
        ("x10", PEOPLE, "names of people"),
        ("customer", [person.upper() for person in PEOPLE], "names of people"),
    ],
)  # fmt: skip
def test_personal_data_is_recognised(name: str, values: Sequence[Any], expected: str) -> None:
    assert kind(name, values) == expected
    if isinstance(values[0], str):
        assert kind(name, [*values, None, float("nan")]) == expected


WORDS = ["Oak", "Blue", "Grand", "Royal", "Metal", "Silver", "Rustic", "Modern", "Super", "Turbo"]


MADE = [f"{a} {b} {c}" for a in WORDS for b in ("Chair", "Table", "Lamp") for c in ("XL", "Pro")]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", range(10**9, 10**9 + 500)),
        ("order_id", [f"A-{number:08}" for number in range(500)]),
        ("uuid", [f"{number:08x}-0000-4000-8000-000000000000" for number in range(50)]),
        ("account", RANDOM.integers(10**15, 10**16, 400)),
        ("serial", [str(number) for number in RANDOM.integers(10**10, 10**11, 400)]),
        ("timestamp", [f"2024-01-{day:02}T10:00:00" for day in range(1, 29)]),
        ("epoch", range(1_700_000_000, 1_700_000_400)),
        ("created", list(pd.date_range("2020-01-01", periods=50))),
        ("date", ["2024-01-31", "2024-02-01", "31/12/2024"]),
        ("birth_year", range(1950, 2000)),
        ("age", range(18, 90)),
        ("phone", [0, 1, 2, 1, 0]),
        ("phone", ["yes", "no", "yes"]),
        ("phone_model", MADE),
        ("email", [True, False, True]),
        ("email_domain", ["gmail.com", "web.de", "example.org"]),
        ("emails_sent", range(30)),
        ("address", ["urban", "rural", "urban"]),
        ("address_type", ["U", "R"] * 20),
        ("mobile", ["Android", "iOS", "Android"]),
        ("name", MADE),
        ("product", MADE),
        ("name", ["chevrolet chevelle malibu", "ford torino", "amc rebel sst"] * 20),
        ("city", ["New York", "San Jose", "Berlin", "Paris", "Charlotte", "Rio De Janeiro"] * 9),
        ("country", ["France", "Germany", "Jordan", "Georgia", "Chad"] * 9),
        ("first_name_length", range(3, 20)),
        ("surname_known", ["yes", "no"] * 20),
        ("version", ["1.2.3.4", "10.0.19045.1", "2.0.0.1"]),
        ("ratio", RANDOM.random(50)),
        ("mac", ["00:1a:2b:3c:4d:5e", "66:77:88:99:aa:bb"]),
        ("zip", [f"{number:05}" for number in range(10_000, 10_300)]),
        ("code", ["123-456", "234-567", "345-678"] * 5),
        ("part", [f"{n}-{n + 7}-{n * 3}" for n in range(100, 180)]),
        ("signed", [f"+{n}" for n in range(50)]),
        ("tel", ["A", "B", "C"]),
        ("via", ["web", "app", "store"] * 9),
        ("born", ["Germany", "France", "Spain"] * 9),
        ("rut", [0.5, 1.5]),
        ("text", ["It was a good day, and John said so at 5.", "Nothing more to say."] * 20),
        ("empty", [None, None]),
    ],
)
def test_what_is_no_personal_data_is_left_alone(name: str, values: Sequence[Any]) -> None:
    assert kind(name, list(values)) is None


def test_the_starter_and_tables_of_measurements_have_none() -> None:
    frames = [_starter_rows()]
    adult = Path("/work/shared/data/adult.csv")
    if adult.is_file():
        frames.append(pd.read_csv(adult))
    for frame in frames:
        found = {name: personal_kind(str(name), frame[name]) for name in frame.columns}
        assert set(found.values()) == {None}, found


def test_hostile_values_take_no_time_and_no_place() -> None:
    for text in ("a" * 10**6, "+" + "1 " * 10**5, "a." * 10**5 + "@", "O'" * 10**5, "1" * 10**6):
        assert kind("phone email address first name", [text, text + "b", "c"]) is None
    assert kind("\ud800\u202e\x00", ["\ud800", "\x00", "\u202e"]) is None
    assert kind("", ["a", "b"]) is None
