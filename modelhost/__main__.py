"""``python -m modelhost work``: runs in the model's environment for one harness.

The connection is the descriptor that ``MODELHOST_FD`` names. What the project's code prints goes
to stderr. ``MODELHOST_CONFINEMENT`` says what the process may use.
"""

from __future__ import annotations

import os
import socket
import sys

from modelhost.confinement import confine_as_asked, end_with_parent

DESCRIPTOR = "MODELHOST_FD"
USAGE = "usage: python -m modelhost work\n"


def main(arguments: list[str]) -> int:
    """Run the mode that ``arguments`` name; return the exit code."""
    if arguments != ["work"]:
        sys.stderr.write(USAGE)
        return 2
    connection = socket.socket(fileno=int(os.environ.pop(DESCRIPTOR)))
    os.dup2(2, 1)
    end_with_parent()
    confine_as_asked()  # before libraries are imported, which could use the network
    from modelhost.work import work

    work(connection)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
