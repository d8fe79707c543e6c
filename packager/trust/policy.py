"""The policy of a machine: which keys must have signed what, by repository (``policy.toml``)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from packaging.version import InvalidVersion, Version
from pydantic import Field, ValidationError

from packager.errors import UsageError
from packager.manifest.base import FrozenModel
from packager.trust.facts import PackageFacts
from packager.trust.keys import PublicKey
from packager.trust.verify import Requirement, TrustLink

VARIABLE = "MODEL_PACKAGER_TRUST"
MAX_POLICY = 1024 * 1024
EXAMPLE = "see docs/signing.md for an example"
Root = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TrustRule(FrozenModel):
    """The signatures that packages of some repositories must have."""

    repository: str = Field(min_length=1)
    """A pattern: ``shop/*``; ``*`` matches slashes too."""
    keys: tuple[Path, ...] = Field(min_length=1)
    """Files of public keys, relative to the policy; a signature by one of them is enough."""
    require: tuple[Requirement, ...] = ()
    minimum_version: str | None = None
    """Refuses packages of a lower version, whose signatures are valid for ever."""
    roots: tuple[Root, ...] | None = None
    """If given, the only package roots that are accepted."""

    def links(self, facts: PackageFacts) -> list[TrustLink]:
        """Whether the package is one that this rule accepts, beside its signatures."""
        links = []
        if self.minimum_version is not None:
            own = facts.manifest.version
            enough = _version(own) >= _version(self.minimum_version)
            detail = own if enough else f"expected {self.minimum_version} or later, got {own}"
            links.append(_link("policy: version", enough, detail))
        if self.roots is not None:
            listed = facts.binding.root in self.roots
            detail = "one of the policy's" if listed else f"{facts.binding.root} is not listed"
            links.append(_link("policy: roots", listed, detail))
        return links


class TrustPolicy(FrozenModel):
    """The rules for packages that this machine runs."""

    mode: Literal["off", "warn", "enforce"] = "off"
    """A file has to state it."""
    rule: tuple[TrustRule, ...] = ()
    """The first whose repository matches is the one that counts."""

    @classmethod
    def load(cls, path: Path) -> TrustPolicy:
        """Read a policy with its paths made absolute; raises ``UsageError`` if it is wrong."""
        try:
            content = path.read_bytes()
            if len(content) > MAX_POLICY:
                raise ValueError(f"expected at most {MAX_POLICY:,} bytes, got {len(content):,}")
            policy = cls.model_validate(tomllib.loads(content.decode()))
            for rule in policy.rule:
                _version(rule.minimum_version or "0")
            if "mode" not in policy.model_fields_set:  # as in a file that was cut off
                raise ValueError("it states no mode: off, warn or enforce")
        except OSError as error:
            raise UsageError(
                f"{VARIABLE}: {path}: can't be read: {error.strerror}", "name a file that exists"
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            location = ".".join(map(str, first["loc"]))
            raise UsageError(f"{path}: {location}: {first['msg']}", EXAMPLE) from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: expected a policy in TOML: {error}", EXAMPLE) from error
        folder = path.absolute().parent
        rules = (
            rule.model_copy(update={"keys": tuple(folder / key for key in rule.keys)})
            for rule in policy.rule
        )
        return policy.model_copy(update={"rule": tuple(rules)})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> TrustPolicy:
        """The policy that ``MODEL_PACKAGER_TRUST`` names; one that is off if it is unset."""
        named = environment.get(VARIABLE)
        if named == "":  # a variable of a CI system that is not set there
            raise UsageError(
                f"{VARIABLE}: expected the file of a policy, got an empty text",
                "unset it if this machine has no policy",
            )
        return cls() if named is None else cls.load(Path(named))

    def rule_for(self, repository: str) -> TrustRule | None:
        """The first rule for ``repository``; None if there is none."""
        return next((one for one in self.rule if fnmatchcase(repository, one.repository)), None)


def keys_of(rule: TrustRule) -> list[PublicKey]:
    """The keys of a rule; raises ``UsageError`` if one can't be used."""
    return [PublicKey.load(path) for path in rule.keys]


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise UsageError(
            f"version: expected numbers as in 1.2.0, got {text!r}",
            "a minimum_version can be compared with such versions only: use `roots` instead",
        ) from error


def _link(name: str, ok: bool, detail: str) -> TrustLink:
    return TrustLink(name=name, status="ok" if ok else "failed", detail=detail)
