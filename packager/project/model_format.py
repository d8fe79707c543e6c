"""Detects files that can't be models, from their first bytes, without loading them."""

from __future__ import annotations

import pickletools
import re
import zipfile
from pathlib import Path

from packager.project.pickles import HEAD_BYTES, read_header

MAGICS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"PAR1": "a Parquet table",
    b"ARROW1": "an Arrow table",
    b"SQLite format 3": "an SQLite database",
    b"\x93NUMPY": "a NumPy array",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"7z\xbc\xaf": "a 7z archive",
}
TEXT_MODELS = re.compile(
    rb'\A\s*(tree\r?\n|<\?xml.{0,400}<PMML|<PMML|\{.*"(learner|oblivious_trees|tree_info)")',
    re.DOTALL,
)
"""Beginnings of text models of LightGBM, PMML, XGBoost and CatBoost."""
MODEL_MEMBERS = ("schema.json", "data.pkl", "config.json", "model.json", "metadata.json")
"""Files inside archives that skops, PyTorch, Keras and Stable-Baselines write."""
LITERALS = {
    **dict.fromkeys(("EMPTY_DICT", "DICT"), "a dict"),
    **dict.fromkeys(("EMPTY_LIST", "LIST"), "a list"),
    **dict.fromkeys(("EMPTY_TUPLE", "TUPLE"), "a tuple"),
    **dict.fromkeys(("EMPTY_SET", "FROZENSET"), "a set"),
    **dict.fromkeys(("NONE",), "None"),
    **dict.fromkeys(("NEWTRUE", "NEWFALSE"), "a boolean"),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG1", "LONG4"), "a number"),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), "a number"),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"), "bytes"),
}
"""First opcode of a pickle of plain data → description."""
DATA_CLASSES = re.compile(
    r"(numpy|pandas|polars|pyarrow)[. ]|joblib\.numpy_pickle |"
    r"scipy\.sparse|collections |datetime |decimal |builtins (set|frozenset|bytearray|complex)\b"
)
"""Classes that hold data and can't predict: ``module name`` of a pickle's first class."""
GROUPS = ("EMPTY_DICT", "DICT", "EMPTY_LIST", "LIST", "EMPTY_TUPLE", "TUPLE")
"""First opcodes of groups, which may hold objects."""
_SKIPPED = ("PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "MARK")
_TEXTS = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE")


def is_no_model(path: Path) -> str | None:
    """Description of a file that is no model, such as ``a PDF document``; None if it may be one.

    Binary files of unknown formats may be models that a ``Predictor`` class reads.
    """
    content = read_header(path)
    if not content:
        return "an empty file"
    for magic, what in MAGICS.items():
        if content.startswith(magic):
            return what
    if content.startswith(b"PK\x03\x04"):
        return _archive(path)
    if content[257:262] == b"ustar":
        return "a tar archive"
    if content[:1] == b"\x80" and content[1:2] <= b"\x05":
        return _pickled(content)
    if not _is_text(content):
        return None
    if TEXT_MODELS.match(content) or _is_text_pickle(content):
        return None
    return "a table" if path.suffix.lower() in (".csv", ".tsv") else "a text file"


def _archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return "a ZIP archive that is damaged"
    if "[Content_Types].xml" in names:
        return "an Office document"
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy arrays"
    if any(name.rpartition("/")[2] in MODEL_MEMBERS for name in names):
        return None
    return "a ZIP archive"


def _pickled(content: bytes) -> str | None:
    """Description of a pickle of plain data; None for an object of another class.

    A dict, list or tuple may group the parts of a model: it is data if all in it is.
    """
    texts: list[str] = []
    group = None
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name in GROUPS and not texts and group is None:
                group = f"a pickle of {LITERALS[opcode.name]}"
            elif opcode.name in LITERALS and not texts and group is None:
                return f"a pickle of {LITERALS[opcode.name]}"
            if opcode.name in _TEXTS:
                texts.append(str(argument))
            elif opcode.name in ("GLOBAL", "STACK_GLOBAL"):
                name = str(argument) if opcode.name == "GLOBAL" else " ".join(texts[-2:])
                if name == "copyreg _reconstructor":
                    texts.clear()
                    continue  # the class comes next
                if group is not None and DATA_CLASSES.match(name):
                    continue
                last = name.rpartition(" ")[2]
                return f"a pickle of data ({last})" if DATA_CLASSES.match(name) else None
            elif opcode.name not in _SKIPPED and group is None:
                return "a pickle of text" if texts else None
    except (ValueError, IndexError, UnicodeDecodeError):
        if len(content) < HEAD_BYTES:
            return "a pickle that is cut off"
    return group


def _is_text(content: bytes) -> bool:
    try:
        text = content[: 1 << 16].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < min(len(content), 1 << 16):
            return False
        text = content[: error.start].decode("utf-8-sig", "ignore")
    return not any(ord(c) < 32 and c not in "\t\n\r\f" for c in text)


def _is_text_pickle(content: bytes) -> bool:
    """Whether it is a protocol 0 pickle, which is text, of an object with a class."""
    try:
        names = {opcode.name for opcode, _, _ in pickletools.genops(content)}
    except (ValueError, IndexError, UnicodeDecodeError):
        return False
    return "GLOBAL" in names or "INST" in names
