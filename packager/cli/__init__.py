"""The command ``package``: parses arguments, calls one function, prints the result to stdout."""

from __future__ import annotations

import sys

from modelhost.collection import rare_collections
from packager.cli.interrupts import Interrupts


def main() -> None:
    """Run the command line.

    A signal stops it: quietly while the commands are imported, and as ``KeyboardInterrupt``
    afterwards, so that containers and partial files are removed.
    """
    interrupts = Interrupts(starting=True)
    interrupts.install()
    with rare_collections():
        from packager.cli.commands import run_command

        interrupts.starting = False
        sys.exit(run_command(as_json="--json" in sys.argv[1:]))
