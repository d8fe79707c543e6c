"""``package key``, ``sign`` and ``verify``, and ``--key`` of the verbs that run a package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import Built, built
from command import NO_ENGINE, Done, package, package_here

from packager.image.export import write_oci

PASSWORD = {"MODEL_PACKAGER_KEY_PASSWORD": "hush"}
ENV = {**NO_ENGINE, **PASSWORD}


def here(*arguments: object) -> Done:
    """The command with the password, in this process: each of the others imports all anew."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENV.items():
            patch.setenv(name, value)
        return package_here(*arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def signed_once(made: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    write_oci(made.images(), folder / "oci")
    assert here("key", folder / "k").code == 0
    assert here("key", folder / "o").code == 0
    done = here(*("sign", folder / "oci", "--key", folder / "k", "--output", folder / "s.jsonl"))
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def signed(signed_once: Path, tmp_path: Path) -> Path:
    """A folder with a signed package in ``oci``, and its keys."""
    shutil.copytree(signed_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.slow
def test_a_key_is_made_once_and_its_id_printed(tmp_path: Path) -> None:
    done = here("key", tmp_path / "k", "--json")
    told = json.loads(done.out)
    assert told["public_key"] == f"{tmp_path / 'k'}.pub"
    assert len(told["key_id"]) == 64
    again = here("key", tmp_path / "k")
    assert again.code == 2
    assert "expected no file there, got one" in again.err


@pytest.mark.slow
def test_without_a_terminal_the_password_comes_from_the_environment(tmp_path: Path) -> None:
    done = package("key", tmp_path / "k", env=NO_ENGINE)
    assert done.code == 2
    assert "expected a terminal to ask on, got none" in done.err
    assert "set MODEL_PACKAGER_KEY_PASSWORD" in done.err
    assert not (tmp_path / "k").exists()


@pytest.mark.slow
def test_each_link_is_a_line_and_the_last_one_is_the_verdict(made: Built, signed: Path) -> None:
    done = package("verify", signed / "oci", "--key", signed / "k.pub", env=ENV)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[-1] == f"shop:{made.manifest.tag}: verified"
    assert {line.split()[0] for line in lines[:-1]} == {"ok", "-"}
    assert len((signed / "s.jsonl").read_bytes().splitlines()) == 5


@pytest.mark.slow
def test_what_is_required_and_not_signed_ends_with_1(signed: Path) -> None:
    asked = (
        "verify",
        signed / "oci",
        "--key",
        signed / "k.pub",
        "--require",
        "replay,sbom,provenance",
    )
    done = here(*asked)
    assert done.code == 1
    assert done.out.splitlines()[-1].endswith("not verified: replay: required, but none signed")
    told = json.loads(here(*asked, "--json").out)
    assert told["verified"] is False
    assert [one["name"] for one in told["links"] if one["status"] == "failed"] == ["replay"]


@pytest.mark.slow
def test_an_unknown_requirement_is_named(signed: Path) -> None:
    asked = ("verify", signed / "oci", "--key", signed / "k.pub", "--require", "replays")
    done = here(*asked)
    assert done.code == 2
    assert "--require: expected some of model, provenance, sbom, replay, data-check" in done.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        ("serve", "--port", "0"),
        ("predict", "--data", "rows.csv"),
        ("replay",),
        ("bench",),
        ("score", "--data", "rows.csv", "--output", "out"),
        ("test", "--data", "rows.csv"),
    ],
    ids=lambda verb: verb[0],
)
def test_nothing_runs_that_another_key_signed(
    signed: Path, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(signed)
    (signed / "rows.csv").write_text("a\n1\n")
    name, *options = verb
    done = here(*(name, signed / "oci", *options, "--local", "--key", signed / "o.pub"))
    assert done.code == 1
    assert "not verified: signature: expected a signature of the package by the key" in done.err
    assert "5 of other keys are passed over" in done.err


@pytest.mark.slow
def test_evidence_of_another_package_is_not_signed(signed: Path) -> None:
    (signed / "replay.json").write_text("{}")
    done = here(
        *("sign", signed / "oci", "--key", signed / "k", "--evidence", signed / "replay.json")
    )
    assert done.code == 1
    assert "expected a report of `package replay` or `package test`" in done.err


@pytest.mark.slow
def test_a_key_is_for_packages_not_for_servers(signed: Path) -> None:
    done = here("bench", "http://127.0.0.1:9", "--key", signed / "k.pub")
    assert done.code == 2
    assert "--key: expected a package, whose signatures it verifies" in done.err


@pytest.mark.slow
def test_every_platform_of_a_folder_is_signed_or_the_one_that_is_named(
    made: Built, tmp_path: Path
) -> None:
    (image, _) = made.images()
    other = json.loads(image.config) | {"architecture": "other"}
    write_oci([image, replace(image, config=json.dumps(other).encode())], tmp_path / "oci")
    assert here("key", tmp_path / "k").code == 0
    given = ("sign", tmp_path / "oci", "--key", tmp_path / "k", "--json")
    # One image that is not what the manifest says: nothing is signed.
    refused = here(*given)
    assert refused.code != 0
    assert "linux/other" in refused.err
    asked = ("--key", tmp_path / "k.pub", "--platform", made.lock.platform)
    assert here("verify", tmp_path / "oci", *asked).code == 1
    one = here(*given, "--platform", made.lock.platform)
    assert one.code == 0, one.err
    assert [found["platform"] for found in json.loads(one.out)["images"]] == [made.lock.platform]
    assert here("verify", tmp_path / "oci", *asked).code == 0
