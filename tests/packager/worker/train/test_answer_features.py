from __future__ import annotations

from served_answers import output

from packager.worker.train.answer_features import answer_features


def test_what_has_one_value_or_is_beyond_the_limit_is_named(capsys) -> None:
    outputs = [output(f"o{place}", "number") for place in range(10)]
    rows = [{f"o{place}": float(row * (place > 0)) for place in range(10)} for row in range(50)]
    found = answer_features(rows, outputs)
    assert [one.name for one in found] == [f"__prediction__.o{place}" for place in range(1, 9)]
    assert capsys.readouterr().err == (
        "monitoring: of the answers, no drift of __prediction__.o0, __prediction__.o9: "
        "in one bin, or beyond the limit of 8\n"
    )


def test_few_labels_are_categories(capsys) -> None:
    (one,) = answer_features(["a", "b", "a", None], [output("kind", "label", ("a", "b"))])
    assert (one.name, one.categories, one.counts) == ("__prediction__.kind", ("a", "b"), (2, 1))
    assert one.missing == 1
    assert capsys.readouterr().err == ""
