"""``python at_terminal.py ANSWER COMMAND``: run it at a terminal, with ANSWER to each question."""

from __future__ import annotations

import os
import pty
import re
import sys

QUESTION = re.compile(rb": ?$")


def main(answer: str, command: list[str]) -> int:
    """The exit code; what the terminal shows goes to stdout."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so when the command has ended
            break
        if not part:
            break
        shown += part
        if QUESTION.search(part):
            os.write(terminal, f"{answer}\n".encode())
    sys.stdout.write(shown.decode().replace("\r\n", "\n"))
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
