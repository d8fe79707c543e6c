"""Number of new rows that are in the package's data, estimated from both sketches."""

from __future__ import annotations

from packager.data.row_overlap import compare_rows
from packager.manifest.manifest import Fingerprint
from packager.model.paths import Root
from packager.worker.test.overlap import MIN_SHARE
from packager.worker.test.report import Check


def sketch_overlap(new: Fingerprint, root: Root) -> Check | str:
    """The finding for a package whose companion holds no data; text says why there is none.

    Sketches hold hashes of whole rows, so both need the same columns. They tell a share, not which
    rows: nothing can be left out.
    """
    path = root.package / "fingerprint.json"
    if not path.is_file():
        return "the package was built without data"
    comparison = compare_rows(Fingerprint.load(path), new)
    if comparison.verdict == "incomparable":
        return "the companion holds no data, and the new rows have other columns"
    # Equal tables have no estimate.
    of_new = None if comparison.overlap is None else comparison.overlap.of_after
    share, low = (1.0, 1.0) if of_new is None else (of_new.value, of_new.low)
    warns = low > MIN_SHARE
    note = ": they were not left out, because the companion holds no data" if warns else ""
    return Check(
        family="suspects",
        name="rows of the package's data",
        metric="share",
        now=share,
        difference=share,
        limit=MIN_SHARE,
        rows=new.row_count,
        severity="warn",
        verdict="warned" if warns else "passed",
        why=f"about {share:.1%} of the rows are rows that the package was built from{note}",
    )
