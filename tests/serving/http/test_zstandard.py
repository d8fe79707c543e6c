from __future__ import annotations

import subprocess
import sys

import pytest

from serving.http.zstandard import zstandard


def test_it_has_the_interface_of_the_standard_library():
    zstd = zstandard()
    assert zstd.decompress(zstd.compress(b"body", 3)) == b"body"
    assert zstd.ZstdDecompressor().eof is False


@pytest.mark.slow
def test_a_server_imports_it_only_when_it_is_needed():
    code = "import sys, serving.app; assert not [m for m in sys.modules if 'zstd' in m]"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
