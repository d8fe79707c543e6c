"""A model card says what the package records, in words, and what it lacks."""

from __future__ import annotations

from pathlib import Path

from host_samples import MANIFEST
from sbom_samples import FIT, WEB, opened_package

from packager.manifest.evaluation import SeedVariance
from packager.manifest.policy import FairnessPolicy, Policy
from packager.manifest.solution import Solution, SolutionMember
from packager.report.card import (
    NO_DATA,
    NOT_STATED,
    CardBlock,
    ModelCard,
    _evaluation,
    _members,
    _people,
    _weaknesses,
    model_card_of,
)
from packager.trust.licences import Licence
from packager.worker.test.weak_slice import WeakSlice, WeakSlices

MIT, BSD = Licence("expression", ("MIT",)), Licence("classifier", ("BSD License",))
LICENCES = [(FIT, MIT), (WEB, BSD)]
NONE_FOUND = WeakSlices(
    against="confidence", effect=0.03, level=0.02, rows=1200, tried=4567, searched=(), left_out={},
    slices=(),
)  # fmt: skip
WEAK = WeakSlice(
    features=("age",), condition="age >= 45", rule="", rows=80, share=0.125, loss=0.5,
    expected=0.25, excess=0.25, interval=(0.125, 0.375), p=0.001, q=0.001, harmed=20.0,
)  # fmt: skip


def card(folder: Path, **parts: object) -> ModelCard:
    with opened_package(folder, **parts) as reference:
        return model_card_of(reference, LICENCES)


def block(made: ModelCard, title: str) -> CardBlock:
    return next(one for one in made.blocks if one.title == title)


def test_a_card_begins_with_what_the_model_does_and_how_well(tmp_path: Path):
    made = card(tmp_path)
    assert (made.title, made.lead) == ("shop", "Prices <flats>. Predicts price from 2 inputs.")
    assert made.facts == {
        "version": "1.0.0",
        "task": "regression",
        "mae": "1.500 (1.000 to 2.000)",
        "held-out rows": "40",
        "replay": "none",
    }
    assert made.footer.startswith("package root ")


def test_what_the_author_states_is_named_as_such(tmp_path: Path):
    use = block(card(tmp_path), "Use, as its author states it")
    assert use.tables[0].rows == (
        ("Intended use", "One.\n\nTwo."),
        ("Limitations", "Rare."),
        ("Owner", "Team | A"),
    )
    silent = card(tmp_path / "silent", texts=None)
    assert silent.lead == "Predicts price from 2 inputs."
    assert block(silent, "Use, as its author states it").paragraphs == (NOT_STATED,)


def test_slices_are_listed_the_worst_first(tmp_path: Path):
    rows = block(card(tmp_path), "Slices").tables[0].rows
    assert [row[:3] for row in rows] == [("bad", 20, 3.0), ("good", 20, 0.5)]


def test_metrics_have_intervals_baseline_and_seeds():
    seeds = SeedVariance(seeds=(1, 2), overall={"mae": (1.0, 3.0)}, slices={})
    from sbom_samples import EVALUATION

    manifest = MANIFEST.model_copy(update={"evaluation": EVALUATION, "seed_variance": seeds})
    found = _evaluation(manifest)
    assert found.paragraphs == (
        "On 40 rows that the model was not trained on. Mean: the same number for every row.",
    )
    assert found.tables[0].rows == (("mae", 1.5, "1.000 to 2.000", 4.0, "1.414"),)
    assert _evaluation(MANIFEST).paragraphs == (NO_DATA,)


def test_weak_slices_are_listed_and_their_absence_is_told_apart_from_no_search():
    found = _weaknesses(NONE_FOUND.model_copy(update={"slices": (WEAK,)}))
    assert found.tables[0].rows == (
        ("age >= 45", 80, "12.5 %", 0.5, 0.25, 0.25, "0.1250 to 0.3750"),
    )
    assert _weaknesses(NONE_FOUND).paragraphs == (
        "None found. 4,567 slices of 1,200 rows searched, compared with confidence; least excess "
        "0.03000.",
    )
    assert _weaknesses(None).paragraphs[0].startswith("Not searched: ")


def test_personal_columns_and_compared_groups_are_named(tmp_path: Path):
    people = block(card(tmp_path), "Personal data and fairness")
    assert people.tables[0].rows == (("mail", "e-mail addresses"),)
    assert people.paragraphs == (
        "No groups of people are compared: [test.fairness] names no columns.",
    )
    policy = Policy(fairness=FairnessPolicy(columns=("sex",)))
    found = _people(MANIFEST.model_copy(update={"test": policy}))
    assert found.paragraphs == (
        "No column is declared or detected as personal data.",
        "Differences between groups of sex are tested on new data.",
    )


def test_licences_are_counted_as_found(tmp_path: Path):
    found = block(card(tmp_path), "Licences")
    assert found.tables[0].rows == (
        ("BSD License", "classifier", 1, "web"),
        ("MIT", "expression", 1, "fit-it"),
    )
    assert found.paragraphs[0].startswith("Of 2 wheels in the image, as found in their METADATA")
    with opened_package(tmp_path / "many") as reference:
        made = model_card_of(reference, [(FIT, MIT)] * 6)
    names = "fit-it, fit-it, fit-it, fit-it and 2 more"
    assert block(made, "Licences").tables[0].rows == (("MIT", "expression", 6, names),)


def test_members_of_a_solution_are_named():
    member = SolutionMember(name="a", package="p", version="2", root="f" * 64, process="own")
    solution = Solution(flow="flow:run", members=(member,))
    found = _members(MANIFEST.model_copy(update={"solution": solution}))
    assert found.tables[0].rows == (("a", "p", "2", "f" * 12),)
