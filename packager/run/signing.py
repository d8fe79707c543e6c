"""The facts of a package before it is signed."""

from __future__ import annotations

from dataclasses import replace

from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.run.check_package import checked
from packager.trust.facts import PackageFacts
from packager.trust.whole_image import examined_facts


def facts_to_sign(reference: Reference, engine: Engine | None) -> PackageFacts:
    """Read every layer of ``reference``, and compare it with all that this installation knows.

    That includes the lock's wheels, the bytecode, and the members of a solution.
    """
    facts = examined_facts(reference)
    with checked(reference, engine) as done:
        return replace(facts, checks=(*facts.checks, *done.checks))
