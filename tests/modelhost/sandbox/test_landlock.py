"""Files outside the sandbox are inaccessible to a project's code in any language."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxed_programs import FILES, attempt

pytestmark = pytest.mark.slow


@FILES
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(read(top / 'root/code/own.txt'))", "own"),
        ("print(read(top / 'out.txt'))", "refused"),
        ("print(read(top / 'root/models/model'))", "refused"),
        ("os.symlink(top / 'out.txt', 'link'); print(read('link'))", "refused"),
        ("print(subprocess.run(['cat', top / 'out.txt'], capture_output=True).returncode)", "1"),
        ("print(read('/etc/shadow'), read(f'/proc/{os.getppid()}/environ'))", "refused refused"),
        ("print(libc.open(os.fsencode(top / 'new'), 0o101, 0o600))", "-1"),
        ("os.mkdir('a'); os.rename('own.txt', 'a/own.txt'); print(read('a/own.txt'))", "own"),
        ("open('/dev/null', 'w').write('x'); print(len(open('/dev/urandom', 'rb').read(3)))", "3"),
        ("import tempfile; print(tempfile.TemporaryFile().write(b'abc'))", "3"),
    ],
)
def test_c_code_and_programs_read_no_file_of_elsewhere(
    tmp_path: Path, code: str, said: str
) -> None:
    assert attempt(tmp_path, code) == said
