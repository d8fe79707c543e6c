"""The model card of a package: what a person has to know before using its model.

Made from what the package recorded, and the texts of ``[card]``. The same blocks become a page
(``card_page``) or Markdown (``card_markdown``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packager.image.reference import Reference
from packager.manifest.manifest import Manifest, Wheel
from packager.project.card_section import FILE, CardSection
from packager.report.card_model import input_table, output_table, predicts
from packager.report.card_tables import CardTable
from packager.report.card_training import checks, data_facts, environment_facts, reproduction
from packager.report.numbers import interval, number, percent
from packager.report.origin import NOT_MEASURED, claimed_rows, origin_facts, origin_of
from packager.report.package_metrics import (
    BASELINES,
    INTERVAL,
    main_metric,
    metric_rows,
    reference_name,
    worst_slices,
)
from packager.text import listed
from packager.trust.licences import Licence
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices

NOT_STATED = "The author states neither its use nor its limits: [card] of package.toml is empty."
NO_DATA = "Not measured: the package has no labelled rows."
MAX_NAMED = 4
"""Wheels of a licence that are named."""


@dataclass(frozen=True)
class CardBlock:
    """A section of the card; one without text and rows is left out."""

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[CardTable, ...] = ()


@dataclass(frozen=True)
class ModelCard:
    """A card."""

    title: str
    lead: str
    """The prediction of the model, in a sentence."""
    facts: dict[str, str]
    blocks: tuple[CardBlock, ...]
    footer: str


def model_card_of(reference: Reference, licences: Sequence[tuple[Wheel, Licence]]) -> ModelCard:
    """The card of a package; ``licences``: those of the wheels in its image."""
    manifest = reference.manifest
    texts = reference.record(CardSection, FILE) or CardSection()
    weak = reference.record(WeakSlices, WEAK)
    blocks = [
        _use(texts),
        _evaluation(manifest),
        _slices(manifest),
        _weaknesses(weak),
        CardBlock("Inputs", (), (input_table(manifest.schema_),)),
        CardBlock("Answers", (), (output_table(manifest),)),
        _people(manifest),
        CardBlock("Data", (), (CardTable(("fact", "value"), tuple(data_facts(reference))),)),
        CardBlock("Checks", (), (CardTable(("check", "result"), tuple(checks(manifest))),)),
        _origin(reference),
        _members(manifest),
        _reproduction(manifest),
        CardBlock("Environment", (), (_environment(reference),)),
        _licences(licences),
    ]
    facts = {"version": manifest.version, "task": manifest.task, **_headline(manifest)}
    return ModelCard(
        title=manifest.name,
        lead=f"{texts.summary or ''} {predicts(manifest)}".strip(),
        facts=facts | {"replay": manifest.level},
        blocks=tuple(block for block in blocks if block.paragraphs or _rows_of(block)),
        footer=f"package root {manifest.root}",
    )


def _rows_of(block: CardBlock) -> int:
    return sum(len(table.rows) for table in block.tables)


def _headline(manifest: Manifest) -> dict[str, str]:
    """The main metric with its interval, and the rows it was measured on."""
    evaluation = manifest.evaluation
    name = None if evaluation is None else main_metric(evaluation.overall)
    if evaluation is None or name is None:
        return {}
    ends = evaluation.overall.intervals.get(name)
    value = number(evaluation.overall.values[name]) + (f" ({interval(ends)})" if ends else "")
    return {name.replace("_", " "): value, "held-out rows": f"{evaluation.overall.rows:,}"}


def _use(texts: CardSection) -> CardBlock:
    named = (
        ("Intended use", texts.intended_use),
        ("Not for", texts.out_of_scope),
        ("Limitations", texts.limitations),
        ("Ethics", texts.ethics),
        ("Owner", texts.owner),
        ("Contact", texts.contact),
    )
    rows = tuple((name, text) for name, text in named if text)
    if not rows:
        return CardBlock("Use, as its author states it", (NOT_STATED,))
    return CardBlock("Use, as its author states it", (), (CardTable(("", "statement"), rows),))


def _evaluation(manifest: Manifest) -> CardBlock:
    evaluation = manifest.evaluation
    if evaluation is None:
        return CardBlock("Evaluation", (NO_DATA,))
    overall, reference = evaluation.overall, reference_name(evaluation.overall)
    seeds = manifest.seed_variance.overall if manifest.seed_variance else {}
    about = f"On {overall.rows:,} rows that the model was not trained on."
    if overall.baseline:
        about += f" {reference.capitalize()}: {BASELINES[reference]}."
    heads = ("metric", "value", INTERVAL, reference, "± seeds")
    rows = tuple(metric_rows(overall, seeds))
    return CardBlock("Evaluation", (about,), (CardTable(heads, rows, (INTERVAL, "± seeds")),))


def _slices(manifest: Manifest) -> CardBlock:
    evaluation = manifest.evaluation
    metric = None if evaluation is None else main_metric(evaluation.overall)
    if evaluation is None or metric is None or not evaluation.slices:
        return CardBlock("Slices")
    names = worst_slices(evaluation, metric)
    rows = tuple(
        (
            name,
            evaluation.slices[name].rows,
            evaluation.slices[name].values[metric],
            interval(evaluation.slices[name].intervals.get(metric)),
            evaluation.slices[name].baseline.get(metric),
        )
        for name in names
    )
    reference = reference_name(evaluation.overall)
    about = f"Declared groups of held-out rows by {metric}, the worst first."
    heads = ("slice", "rows", metric, INTERVAL, reference)
    return CardBlock("Slices", (about,), (CardTable(heads, rows, (INTERVAL,)),))


def _weaknesses(weak: WeakSlices | None) -> CardBlock:
    """Slices that nobody declared and the build found, or that none was found."""
    title = "Known weaknesses"
    if weak is None:
        return CardBlock(title, ("Not searched: the package has no losses of held-out rows.",))
    searched = (
        f"{weak.tried:,} slices of {weak.rows:,} rows searched, compared with {weak.against}; "
        f"least excess {number(weak.effect)}."
    )
    if not weak.slices:
        return CardBlock(title, (f"None found. {searched}",))
    heads = ("slice", "rows", "share", "loss", "expected", "excess", "interval of the excess")
    rows = tuple(
        (
            slice_.condition,
            slice_.rows,
            percent(slice_.share),
            slice_.loss,
            slice_.expected,
            slice_.excess,
            interval(slice_.interval),
        )
        for slice_ in weak.slices
    )
    right = ("share", "interval of the excess")
    return CardBlock(title, (searched,), (CardTable(heads, rows, right),))


def _people(manifest: Manifest) -> CardBlock:
    """Columns of personal data, and groups whose metrics are compared."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    rows = [(column.name, column.personal) for column in columns if column.personal is not None]
    tables = [CardTable(("column", "personal data"), tuple(rows))] if rows else []
    compared = manifest.test.fairness.columns
    about = (
        f"Differences between groups of {', '.join(compared)} are tested on new data."
        if compared
        else "No groups of people are compared: [test.fairness] names no columns."
    )
    none = () if rows else ("No column is declared or detected as personal data.",)
    return CardBlock("Personal data and fairness", (*none, about), tuple(tables))


def _origin(reference: Reference) -> CardBlock:
    """The origin of a model from MLflow, and the claims of its run."""
    origin = origin_of(reference)
    if origin is None:
        return CardBlock("Origin")
    tables = [CardTable(("fact", "value"), tuple(origin_facts(origin)))]
    if origin.metrics:
        tables.append(CardTable(("claimed metric", "value"), claimed_rows(origin), ("value",)))
    about = (f"The metrics of MLflow are {NOT_MEASURED}.",) if origin.metrics else ()
    return CardBlock("Origin", about, tuple(tables))


def _members(manifest: Manifest) -> CardBlock:
    members = manifest.solution.members if manifest.solution is not None else ()
    rows = tuple(
        (member.name, member.package, member.version, member.root[:12]) for member in members
    )
    table = CardTable(("member", "package", "version", "root"), rows)
    return CardBlock("Members", (), (table,))


def _reproduction(manifest: Manifest) -> CardBlock:
    """Steps that train the model again, and the equality that they reach."""
    rows = tuple(reproduction(manifest))
    return CardBlock("Reproduce", (), (CardTable(("what", "how"), rows),))


def _environment(reference: Reference) -> CardTable:
    return CardTable(("fact", "value"), tuple(environment_facts(reference)))


def _licences(licences: Sequence[tuple[Wheel, Licence]]) -> CardBlock:
    """Number of wheels by licence, as their METADATA states it."""
    counts = Counter(licence.text for _, licence in licences)
    rows = tuple(_licence_rows(counts, licences))
    about = (
        f"Of {len(licences)} wheels in the image, as found in their METADATA; nothing is guessed. "
        "package sbom lists each, with the packages of the base."
    )
    heads = ("licence", "stated as", "wheels", "of")
    return CardBlock("Licences", (about,), (CardTable(heads, rows),))


def _licence_rows(
    counts: Counter[str], licences: Sequence[tuple[Wheel, Licence]]
) -> Iterator[tuple[str, str, int, str]]:
    for text, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        packages = [
            (wheel.name, licence.kind) for wheel, licence in licences if licence.text == text
        ]
        names = [name for name, _ in packages]
        kinds = ", ".join(sorted({kind for _, kind in packages}))
        yield text, kinds, count, listed(names, MAX_NAMED)
