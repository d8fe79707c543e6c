from __future__ import annotations

from typing import Any

import numpy as np
from served_answers import output
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from monitoring.stats.drift import measure_drift
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


def test_digits_turned_upside_down_are_seen_in_the_embedding_of_a_model() -> None:
    found = load_digits()
    images = found.images[np.random.default_rng(1).permutation(len(found.images))]
    embed = PCA(8, random_state=0).fit(images[:900].reshape(900, -1))

    def answers(of: Any) -> list[Any]:
        return embed.transform(of.reshape(len(of), -1)).tolist()

    outputs = [output("embedding", "array", size=8)]
    nearest = next(
        one
        for one in answer_features(answers(images[:1_200]), outputs)
        if one.name == "__prediction__.embedding.nearest"
    )
    psi = {}
    for name, live in (("same", images[1_200:]), ("turned", images[1_200:, ::-1, ::-1])):
        bins = nearest.bin_indices([np.array(one) for one in answers(live)])
        counts = np.bincount(bins, minlength=len(nearest.bins)).tolist()
        psi[name] = measure_drift(counts, nearest.counts).drifting
    assert psi == {"same": False, "turned": True}


def test_an_output_of_numbers_has_a_nearest_distance_if_there_are_enough_rows(capsys) -> None:
    outputs = [output("steps", "numbers", size=2)]
    rows = [[float(row % 7), float(row % 5)] for row in range(60)]
    names = [one.name.rpartition(".")[2] for one in answer_features(rows, outputs)]
    assert names == ["nearest", "norm", "mean"]
    names = [one.name.rpartition(".")[2] for one in answer_features(rows[:20], outputs)]
    assert names == ["norm", "mean"]
    assert "no drift of __prediction__.steps.nearest" in capsys.readouterr().err
