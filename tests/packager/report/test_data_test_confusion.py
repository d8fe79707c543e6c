"""Confusion matrices on the page of a test on new data."""

from __future__ import annotations

import re

import tested_packages as made

from packager.report.data_test_confusion import MAX_CLASSES, confusion
from packager.worker.test.details import QualityDetails

FOUND = QualityDetails(**made.confusion("ideal"))


def test_both_matrices_show_shares_of_each_right_answer() -> None:
    text = confusion(FOUND)
    assert re.findall(r"<caption>([^<]+)", text) == ["packaged, %", "now, %"]
    cells = re.findall(r'<td class="(hit|miss) s\d">(\d+)', text)
    assert cells == [
        *(("hit", "90"), ("miss", "10"), ("miss", "4"), ("hit", "96")),
        *(("hit", "80"), ("miss", "20"), ("miss", "5"), ("hit", "95")),
    ]


def test_the_pair_that_changed_most_is_the_first_of_the_table() -> None:
    text = confusion(FOUND)
    table = text[text.index("Table: confused pairs") :]
    first = re.findall(r"<tr>(.*?)</tr>", table)[1]
    assert re.sub(r"<[^>]+>", " ", first).split() == [
        *("ideal", "ideal", "90.0", "%", "80.0", "%", "-10.0", "points", "80"),
    ]


def test_without_the_packaged_matrix_only_the_new_one_is_shown() -> None:
    alone = FOUND.model_copy(update={"packaged_confusion": ()})
    assert re.findall(r"<caption>([^<]+)", confusion(alone)) == ["now, %"]


def test_many_classes_are_shown_as_pairs() -> None:
    size = MAX_CLASSES + 1
    names = tuple(f"class {place}" for place in range(size))
    unit = tuple(tuple(float(i == j) for j in range(size)) for i in range(size))
    text = confusion(QualityDetails(classes=names, confusion=unit))
    assert "<caption>" not in text
    assert f"{size} classes: the pairs that changed most are in the table." in text
    assert text.count("<tr>") == 1 + size


def test_a_class_without_rows_and_no_class() -> None:
    text = confusion(QualityDetails(classes=("a", "b"), confusion=((0, 0), (1, 1))))
    assert re.findall(r'<td class="(?:hit|miss) s\d">(\d+)', text) == ["0", "0", "50", "50"]
    assert confusion(QualityDetails(classes=(), confusion=())) == ""
