"""Map the labels of one scheme to another, as a derived table with the rows of its parent."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.confinement import small_text
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.labelling.label_step import LabelStep
from packager.labelling.scheme_file import make_scheme
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.store import Labels

STEP = "labels map"


@dataclass(frozen=True)
class MapStep(LabelStep):
    """The labels of every annotator, mapped."""

    target: LabelScheme
    """The new scheme; its classes are the mapping's."""
    mapping: Mapping[str, str]

    @property
    def text(self) -> str:
        """Name of the step in the lineage."""
        return STEP

    @property
    def made(self) -> str:
        """Name of the new scheme."""
        return self.target.name

    def digest(self, directory: Path) -> str:
        """sha256 of the step, the mapping and the new scheme."""
        del directory  # the mapping is a field
        scheme = self.target.model_dump(mode="json")
        return sha256_bytes(canonical_json([STEP, 1, dict(self.mapping), scheme]))

    def labels_of(self, held: Labels, scheme: LabelScheme) -> Labels:
        """The mapped labels of every annotator; ``UsageError`` names labels without a mapping."""
        rows = held.of(scheme.name)
        self._refuse_unmapped(scheme, [*scheme.texts, *rows["label"]])
        label = rows["label"].map(dict(self.mapping)).astype(object)
        mapped = rows.assign(scheme=self.target.name, label=label)
        return Labels(mapped, held.key, (self.target,))

    def _refuse_unmapped(self, scheme: LabelScheme, used: Sequence[str]) -> None:
        if scheme.kind != "label":
            raise UsageError(
                f"--from {scheme.name}: expected a scheme of kind label, got {scheme.kind}",
                "make a table with classes of numbers by `package data derive`",
            )
        absent = [text for text in dict.fromkeys(used) if text not in self.mapping]
        if absent:
            shown = ", ".join(map(repr, absent[:10])) + (", …" if len(absent) > 10 else "")
            raise UsageError(
                f"--mapping: expected a line for every label of scheme {scheme.name!r}, got none "
                f"for {shown}",
                "add them",
            )
        unknown = [text for text in self.mapping if scheme.classes and text not in scheme.texts]
        if unknown:
            raise UsageError(
                f"--mapping: expected classes of scheme {scheme.name!r}, got {unknown[0]!r}",
                f"its classes are {', '.join(scheme.texts[:20])}",
            )


def map_step(parent: Location, source: str, target: str, file: Path) -> MapStep:
    """The step that maps by a CSV file; the new scheme's classes are those of its column ``to``."""
    mapping = read_mapping(file)
    fields = {"classes": tuple(dict.fromkeys(mapping.values()))}
    return MapStep(parent, source, make_scheme(target, fields, f"{file}"), mapping)


def read_mapping(file: Path) -> dict[str, str]:
    """The lines ``from,to`` of a CSV file; ``UsageError`` unless every ``from`` is there once."""
    if not file.is_file():
        raise UsageError(f"{file}: expected a CSV file with the columns from and to, got none")
    small_text(file, file.name)
    try:
        text = file.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        absent = [name for name in ("from", "to") if name not in (reader.fieldnames or ())]
        if absent:
            raise UsageError(
                f"{file}: expected a column {absent[0]!r}, got none", "its columns are from and to"
            )
        mapping: dict[str, str] = {}
        for cells in reader:
            one, other = ((cells[name] or "").strip() for name in ("from", "to"))
            location = f"{file}, line {reader.line_num}"
            if not one or not other:
                raise UsageError(f"{location}: expected two labels, got {one!r} and {other!r}")
            if mapping.setdefault(one, other) != other:
                raise UsageError(
                    f"{location}: expected one label for {one!r}, got {mapping[one]!r} and "
                    f"{other!r}",
                    "a mapping is from many to one: keep one of the lines",
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: expected CSV with from and to, got {error}") from error
    if not mapping:
        raise UsageError(f"{file}: expected a mapping, got no lines", "add lines: from,to")
    return mapping
