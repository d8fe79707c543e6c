"""Import every module of a top-level name; `python -I -S import_all.py SITE_PACKAGES NAME`.

Prints a line of JSON for each module that fails, [name, error, text], and then the number of tried
modules. benchmarks/wheels.py runs it in a separate process, because imports have side effects.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import site
import sys
from collections.abc import Iterable
from types import ModuleType

NOT_TRIED = ("test", "tests", "conftest", "__main__")


class Attempts:
    """Imports modules and reports failures; removes ``folders`` from error texts."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders, self.tried = sorted(filter(None, folders), key=len, reverse=True), 0
        # Modules may print: discard standard output, and write results to a duplicate of it.
        self.out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def attempt(self, name: str) -> ModuleType | None:
        self.tried += 1
        try:
            return importlib.import_module(name)
        except BaseException as error:  # including SystemExit
            text = str(error)
            for entry in self.folders:
                text = text.replace(entry, "")
            self.out.write(json.dumps([name, type(error).__name__, text]) + "\n")
            return None

    def walk(self, path: Iterable[str], prefix: str) -> None:
        for found in sorted(pkgutil.iter_modules(path, prefix), key=lambda item: item.name):
            last = found.name.rpartition(".")[2]
            if last not in NOT_TRIED and not last.startswith("test_"):
                module = self.attempt(found.name)
                if found.ispkg and module is not None:
                    self.walk(module.__path__, f"{found.name}.")


if __name__ == "__main__":
    place, top = sys.argv[1:]
    site.addsitedir(place)
    attempts = Attempts(sys.path)
    module = attempts.attempt(top)
    if module is not None and hasattr(module, "__path__"):
        attempts.walk(module.__path__, f"{top}.")
    attempts.out.write(f"{attempts.tried}\n")
    attempts.out.flush()
    os._exit(0)  # don't wait for threads that modules have started
