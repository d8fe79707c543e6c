"""A process of the model host confines itself as its starter asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelhost.confinement import VARIABLE, Confinement

pytestmark = pytest.mark.slow


def test_a_confinement_survives_the_variable():
    asked = Confinement("the recipe", "/", ("/a",), ("/b",), training=True, reverse=True)
    again = Confinement.read(asked.as_json())
    assert again._replace(writable=("/a",), readable=("/b",)) == asked
    assert (list(again.writable), list(again.readable)) == (["/a"], ["/b"])


PROGRAM = """
import os, socket
from modelhost.confinement import VARIABLE, confine_from_environment
confine_from_environment()
assert VARIABLE not in os.environ
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except Exception as error:
    print(error)
print(os.listdir("."))
"""


def test_what_is_asked_is_in_force_and_not_handed_on(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("")
    asked = Confinement("the recipe", str(tmp_path))
    listings = []
    for confinement in (asked, asked._replace(reverse=True)):
        path = os.pathsep.join(filter(None, sys.path))
        environment = {"PYTHONPATH": path, VARIABLE: confinement.as_json()}
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        refused, listing = ran.stdout.splitlines()
        assert refused == "the recipe tried to reach the network (192.0.2.1:80)"
        listings.append(listing)
    assert listings[0] == str(eval(listings[1])[::-1])
