"""Audits the pickles of a file: plain, of joblib, compressed, in archives and in arrays."""

from __future__ import annotations

import gc
import io
import re
from pathlib import Path
from typing import Any, BinaryIO, Callable

from modelhost.pickles.archives import (
    ARRAY,
    HEAD,
    ZIP,
    audit_archive,
    is_archive,
    is_pickle_name,
    is_tar,
)
from modelhost.pickles.array_files import read_header
from modelhost.pickles.compressed import Decompressed, coding_of, limit_of
from modelhost.pickles.judge import Judge
from modelhost.pickles.reader import PickleContents, PickleReader
from modelhost.pickles.report import PickleReport
from modelhost.pickles.skops_schema import SchemaNames
from modelhost.pickles.source import PickleStream, UnreadableError
from modelhost.pickles.stand_ins import CALLED, MADE, GlobalName

MAX_DEPTH = 6
"""Of files within files."""
MAX_PICKLES = 100_000
_MAGIC = re.compile(rb"\x80[\x00-\x05]")
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of a file that PyTorch wrote before version 1.6."""
_TORCH_PICKLES = 4
"""Further ones in it; after them come the raw bytes of tensors."""
_WORD = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class Audit:
    """One audit: what judges the globals, and the report."""

    def __init__(self, judge: Judge, *, joblib_only: bool = False) -> None:
        """``joblib_only``: joblib reads the file, so that arrays are arrays for certain."""
        self.report = PickleReport()
        self._judge = judge
        self._joblib_only = joblib_only

    def file(self, path: Path, location: str, *, expected: bool) -> None:
        """Audit the file ``path``, called ``location``; ``expected``: it must be a pickle."""
        enabled = gc.isenabled()
        gc.disable()  # nothing here is garbage in cycles, and much is made
        try:
            with path.open("rb") as file:
                self.content(file, path.stat().st_size, location, expected=expected)
        finally:
            if enabled:
                gc.enable()

    def content(
        self,
        file: BinaryIO,
        size: int,
        location: str,
        *,
        expected: bool,
        depth: int = 0,
        **how: bool,
    ) -> None:
        """Audit a stream that can be read again from its beginning.

        ``how``: ``storages`` and ``script`` of a PyTorch archive.
        """
        head = file.read(HEAD)
        file.seek(0)
        if depth > MAX_DEPTH:
            self.report.refuse(location, f"has files within files more than {MAX_DEPTH} deep")
        elif self._compressed(file, size, location, coding_of(head), expected=expected, **how):
            pass
        elif head.startswith(ARRAY):
            self._arrays(PickleStream(file, size), size, location)
        elif is_archive(file, head):
            audit_archive(self, file, location, depth + 1)
            if is_tar(head):  # the name of the first member may be opcodes
                file.seek(0)
                certain = self._joblib_only or _MAGIC.match(head) is not None
                self._pickles(lambda: file, (size, size), location, certain=certain, **how)
        elif _MAGIC.match(head) or expected:
            self._pickles(lambda: file, (size, size), location, certain=True, **how)
        elif head:
            self._pickles(lambda: file, (size, size), location, certain=False, **how)

    def schema(self, content: bytes, location: str, depth: int) -> None:
        """Judge the globals of a ``schema.json``, if it is that of a skops archive."""
        try:
            names = SchemaNames(content)
        except UnreadableError as error:
            self.report.refuse(location, str(error))
            return
        if not names.is_skops:
            file = io.BytesIO(content)
            self.content(file, len(content), location, expected=False, depth=depth)
        self.report.pickles += names.is_skops
        for what in names.acts:
            self.report.refuse(location, what)
        for one in names.globals.values():
            self._name(one, location, script=False)

    def _closed(self, location: str, coding: str, expected: bool) -> None:
        if expected:
            self.report.refuse(location, f"is compressed by {coding}, which the audit doesn't read")
        else:
            self.report.skipped.append(f"{location}: compressed by {coding}")

    def _compressed(
        self, file: BinaryIO, size: int, location: str, coding: Any, *, expected: bool, **how: bool
    ) -> bool:
        """Audit a compressed file; False if it only looks like one: a magic may be opcodes."""
        if coding is None or coding.make is None:
            if coding is not None:
                self._closed(location, coding.name, expected)
            return coding is not None

        def again() -> Any:
            file.seek(0)
            return Decompressed(file, coding)

        try:
            head = _beginning(again())
        except UnreadableError as error:
            if expected and coding.certain:
                self.report.refuse(location, str(error))
                return True
            file.seek(0)
            return False
        if head.startswith((ARRAY, ZIP)) or is_tar(head) or coding_of(head) is not None:
            self._audit_compressed(again(), limit_of(size), location, expected=expected)
            return True
        certain = expected or _MAGIC.match(head) is not None
        self._pickles(again, (limit_of(size), size), location, certain=certain, **how)
        return True

    def _audit_compressed(self, stream: Any, limit: int, location: str, *, expected: bool) -> None:
        """An archive or array that is compressed as a whole."""
        source = PickleStream(stream, min(limit, 1 << 30))
        parts = io.BytesIO()
        try:
            while not source.at_end():
                parts.write(source.read(len(source.buffer)))
        except UnreadableError as error:
            self.report.refuse(location, str(error))
            return
        size = parts.tell()
        parts.seek(0)
        self.content(parts, size, location, expected=expected, depth=MAX_DEPTH - 1)

    def _arrays(self, source: PickleStream, size: int, location: str) -> None:
        """Arrays of ``numpy.save``; only one of objects has a pickle, behind its header.

        Arrays and pickles may follow one another, as NumPy reads them from one file.
        """
        while source.starts_with(ARRAY):
            try:
                count = read_header(source)
            except UnreadableError:
                self.report.refuse(location, "has a damaged header of an array of NumPy")
                return
            if count is None:
                self._read(source, location, certain=True)
            elif count > size - source.offset:
                return  # it is cut off, so that NumPy refuses it
            else:
                source.skip(count)
        if not source.at_end():
            self._read(source, location, certain=source.starts_with(b"\x80"))

    def _pickles(
        self,
        again: Callable[[], Any],
        sizes: tuple[int, int],
        location: str,
        *,
        certain: bool,
        **how: bool,
    ) -> None:
        """Pickles to the end of a stream; ``certain``: it is one, so it must be readable.

        ``sizes``: the bytes that it may hold, and those on disk.
        """
        source = PickleStream(again(), *sizes)
        wrapped = self._read(source, location, certain=certain, arrays=True, **how)
        if source.starts_with(ARRAY):
            self._arrays(source, sizes[0], location)
        if wrapped and not self._joblib_only:
            stream = again()
            if hasattr(stream, "seek"):
                stream.seek(0)
            self._read(PickleStream(stream, *sizes), location, certain=False, **how)

    def _read(
        self,
        source: PickleStream,
        location: str,
        *,
        certain: bool,
        arrays: bool = False,
        **how: bool,
    ) -> bool:
        """Read pickles one after the other; return whether one had an array of joblib."""
        seen, wrapped, script = PickleContents(source.size), False, how.pop("script", False)
        why, count = "", 0
        try:
            while count == 0 or not (source.at_end() or source.starts_with(ARRAY)):
                reader = PickleReader(source, seen, arrays=arrays, **how)
                value = reader.load()
                wrapped = wrapped or reader.wrapped
                count += 1
                if count == 1 and type(value) is int and value == _TORCH_MAGIC:
                    for _ in range(_TORCH_PICKLES):
                        PickleReader(source, seen, storages=True).load()
                    break  # tensors follow
                if count > MAX_PICKLES:
                    raise UnreadableError(f"holds more than {MAX_PICKLES:,} pickles")
        except UnreadableError as error:
            why = str(error)
        # Bytes of other formats may look like an act, such as a number of copyreg in msgpack.
        # Without a global there is nothing to call.
        acted = bool(seen.acts and seen.globals) or any(
            {CALLED, MADE} & one.uses for one in seen.globals.values()
        )
        if certain and why:
            self.report.refuse(location, f"can't be read to its end: it {why}")
        elif why and acted and not arrays:
            pass  # the bytes of an array, read as opcodes: what they name is judged below
        elif why and acted:
            self.report.refuse(location, f"can't be read to its end: it {why}")
        self._judge_seen(seen, location, certain=certain or not why, script=script)
        return wrapped

    def _judge_seen(
        self, seen: PickleContents, location: str, *, certain: bool, script: bool
    ) -> None:
        """Judge what was seen; ``certain``: all of it is a pickle, not bytes that look like it."""
        self.report.pickles += bool(certain or seen.acts)
        for offset, what in seen.acts:
            if certain or seen.globals:
                self.report.refuse(location, what, offset)
        for one in seen.globals.values():
            if certain or _is_importable(one):
                self._name(one, location, script=script)
        for offset, content, is_torch in seen.nested:
            inner = f"{location}, in the value at byte {offset:,}:"
            if inner.count(", in the value") > MAX_DEPTH:
                self.report.refuse(location, "has pickles within pickles", offset)
                continue
            self._read(PickleStream(io.BytesIO(content), len(content)), inner, certain=is_torch)

    def _name(self, one: GlobalName, location: str, *, script: bool) -> None:
        verdict = self._judge.of(one, script=script)
        if verdict.allowed:
            self.report.names[one.full] = verdict.why
        elif verdict.unknown:
            if one.full not in self.report.unknown:
                self.report.unknown.append(one.full)
        else:
            called = CALLED in one.uses
            self.report.refuse(location, verdict.why, one.offset, one.full, called=called)


def _is_importable(one: GlobalName) -> bool:
    """Whether bytes that may be no pickle name a global that Python could import."""
    if not (_WORD.fullmatch(one.module) and _WORD.fullmatch(one.name)):
        return False
    return bool({CALLED, MADE} & one.uses)


def _beginning(stream: Any) -> bytes:
    """The first bytes of a stream that may return fewer than it is asked for."""
    content = b""
    while len(content) < HEAD and (part := stream.read(HEAD - len(content))):
        content += part
    return content


def audit_model(path: Path, judge: Judge, *, joblib_only: bool = False) -> PickleReport:
    """Audit a model: a file, or every file of a folder.

    ``joblib_only``: it is a file that joblib reads, and nothing else does. A file whose name ends
    as that of a pickle must be one.
    """
    audit = Audit(judge, joblib_only=joblib_only)
    if not path.is_dir():
        expected = joblib_only or is_pickle_name(path.name)
        audit.file(path, "the file", expected=expected)
        return audit.report
    for one in sorted(path.rglob("*")):
        if one.is_file():
            name = one.relative_to(path).as_posix()
            audit.file(one, name, expected=is_pickle_name(name))
    return audit.report
