"""The verbs ``push`` and ``pull`` against a registry with TLS and a password."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import built
from image_samples import make_images
from registries import StartedRegistry, registry
from sbom_samples import make_package
from signed_packages import new_key

from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.trust.envelope import signed_bundle
from packager.trust.statements import cosign_statement
from packager.trust.store import keep_bundles
from packager.worker.replay.report import damaged

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedRegistry]:
    with registry(tmp_path_factory.mktemp("registry"), secure=True, login=True) as found:
        yield found


@pytest.fixture(autouse=True)
def _user(locked: StartedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with the registry's CA and a login."""
    for name, value in locked.variables(tmp_path / "docker").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An OCI folder with a package and its companion."""
    images = make_images(tmp_path / "layers")
    write_oci(images, tmp_path / "shop")
    return tmp_path / "shop"


def test_a_package_is_pushed_and_pulled(run, locked, package: Path, tmp_path: Path):
    code, out, err = run("push", package, f"{locked.host}/cli/shop")
    assert code == 0, err
    reference = out.strip()
    assert reference.startswith(f"{locked.host}/cli/shop@sha256:")
    (tag,) = locked.tags("cli/shop")
    assert f"push {locked.host}/cli/shop:{tag}" in err
    assert locked.tags("cli/shop-replay") == []  # the data stays here
    for source in (reference, f"{locked.host}/cli/shop:{tag}"):
        code, out, err = run("pull", source, "--output", f"oci:{tmp_path / 'pulled'}")
        assert (code, out) == (0, f"{reference}\noci:{tmp_path / 'pulled'}\n"), err
        code, out, _ = run("inspect", f"oci:{tmp_path / 'pulled'}", "--json")
        assert code == 0


def test_a_folder_for_two_platforms_is_pushed_as_an_index(run, locked, tmp_path: Path):
    every = [
        replace(image, annotations={"com.example.team": "risk"})
        for name in ("linux/amd64", "linux/arm64")
        for image in make_images(tmp_path / name.replace("/", "-"), platform=name)
    ]
    write_oci(every, tmp_path / "both")
    code, out, err = run("push", tmp_path / "both", f"{locked.host}/cli/index:1", "--companion")
    assert code == 0, err
    index = json.loads((tmp_path / "both/index.json").read_text())["manifests"]
    pushed = [line.partition("@")[2] for line in out.splitlines()]
    assert pushed == [entry["digest"] for entry in index]
    stored = json.loads(locked.blob(pushed[0]).read_bytes())
    assert stored["annotations"] == {"com.example.team": "risk"}
    assert "signatures" not in err
    key = new_key(tmp_path / "k")
    with open_reference(str(tmp_path / "both"), None, "linux/arm64") as found:
        said = cosign_statement(str(found.stored_digest)[7:])
        keep_bundles(found, [signed_bundle(said, key)], key)
    code, _, err = run("push", tmp_path / "both", f"{locked.host}/cli/index:1")
    assert code == 0, err
    assert "the images for linux/amd64 have no signatures, those for other platforms have" in err


def test_the_companion_goes_to_its_own_repository_on_request(run, locked, package, tmp_path):
    target = f"{locked.host}/cli/both:1"
    code, out, _ = run("push", package, target, "--companion", "--json")
    told = json.loads(out)
    assert told["reference"].startswith(f"{locked.host}/cli/both@sha256:")
    assert told["companion"].startswith(f"{locked.host}/cli/both-replay@sha256:")
    assert told["tag"] == target
    assert (told["held"], told["mounted"] > 0, told["sent"] > 0) == (0, True, True)
    assert (locked.tags("cli/both"), locked.tags("cli/both-replay")) == (["1"], ["1"])
    pulled = f"oci:{tmp_path / 'pulled'}"
    code, out, err = run("pull", target, "--companion", "--output", pulled, "--json")
    assert code == 0, err
    assert json.loads(out)["reference"] == told["reference"]
    assert (tmp_path / "pulled" / "index.json").read_bytes().count(b"-replay") == 2
    code, out, _ = run("push", package, target, "--companion", "--json")
    assert (json.loads(out)["sent"], json.loads(out)["mounted"]) == (0, 0)


def test_gzip_on_request(run, locked, package: Path, tmp_path: Path):
    code, out, err = run("push", package, f"{locked.host}/cli/zip:1", "--compress", "gzip")
    assert code == 0, err
    code, _, err = run("pull", out.strip(), "--output", f"oci:{tmp_path / 'pulled'}")
    assert code == 0, err
    assert run("inspect", f"oci:{tmp_path / 'pulled'}")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["push", "{package}", "team/shop"], 2, "expected a registry's host before the first /"),
        (["push", "{package}", "{host}/shop@sha256:" + "a" * 64], 2, "got a digest"),
        (["push", "{package}", "{host}/Shop"], 2, "expected a repository's name, got 'Shop'"),
        (["push", "{package}", "{host}/shop", "--compress", "zstd"], 2, "'zstd'"),
        (
            ["push", "{package}", "{host}/shop", "--evidence", "replay.json"],
            2,
            "--evidence: expected --key with it",
        ),
        (["pull", "{host}/cli/none:1", "--output", "oci:x"], 1, "the registry has no such image"),
        (["pull", "{host}/cli/none", "--output", "oci:x"], 2, "expected a tag or a digest"),
        (["pull", "{host}/cli/none:1", "--output", "docker"], 2, "expected oci:DIR, got 'docker'"),
        (["pull", "{host}/cli/none:1", "--output", "oci:{package}/.."], 2, "expected nothing or"),
    ],
)
def test_wrong_usage_is_named(
    run, locked, package, tmp_path, arguments, code, expected, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = [one.format(package=package, host=locked.host) for one in arguments]
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert expected in err
    assert not (tmp_path / "x").exists()


def test_a_package_without_a_companion_has_none_to_push(run, locked, tmp_path: Path):
    write_oci(make_images(tmp_path / "layers")[:1], tmp_path / "alone")
    code, _, err = run("push", tmp_path / "alone", f"{locked.host}/cli/alone", "--companion")
    assert code == 1
    assert "has no companion to push" in err
    assert locked.tags("cli/alone") == []


def test_a_wrong_password_prints_neither_it_nor_a_traceback(
    run, locked, package, tmp_path, monkeypatch
):
    for name, value in locked.variables(tmp_path / "wrong", "guess").items():
        monkeypatch.setenv(name, value)
    code, out, err = run("push", package, f"{locked.host}/cli/denied")
    assert (code, out) == (1, "")
    assert "refused the user name or password, for user 'user'" in err
    assert "guess" not in err
    assert "Traceback" not in err


def test_an_image_with_the_data_in_it_is_pushed_with_a_warning(run, locked, tmp_path: Path):
    _, companion = make_images(tmp_path / "layers")
    write_oci([replace(companion, name="models/shop:1")], tmp_path / "whole")
    code, _, err = run("push", tmp_path / "whole", f"{locked.host}/cli/whole:1")
    assert code == 0, err
    assert "the image itself has the training data" in err
    write_oci(make_images(tmp_path / "others"), tmp_path / "both")
    _, _, err = run("push", tmp_path / "both", f"{locked.host}/cli/apart:1")
    assert "training data" not in err


def test_a_package_that_no_engine_can_run_is_pushed_with_a_warning(run, locked, tmp_path: Path):
    with_base = make_package(tmp_path / "with").folder
    without = make_package(tmp_path / "without", base=None).folder
    code, _, err = run("push", without, f"{locked.host}/cli/bare:1")
    assert code == 0, err
    assert "no base (base: none), so no engine or cluster can run what is pushed" in err
    code, _, err = run("push", with_base, f"{locked.host}/cli/based:1")
    assert code == 0, err
    assert "base: none" not in err


def test_evidence_is_signed_at_a_push(run, locked, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MODEL_PACKAGER_KEY_PASSWORD", "")
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    made = built(tmp_path)
    write_oci(made.images(), tmp_path / "oci")
    assert run("key", tmp_path / "k")[0] == 0
    report = damaged(made.manifest, ()).model_copy(
        update={"root": made.manifest.root, "checked_by": "this installation"}
    )
    (tmp_path / "replay.json").write_text(report.model_dump_json())
    push = ("push", tmp_path / "oci", f"{locked.host}/cli/signed:1", "--key", tmp_path / "k")
    code, out, err = run(*push, "--evidence", tmp_path / "replay.json")
    assert code == 0, err
    verify = ("verify", out.strip(), "--key", f"{tmp_path / 'k'}.pub", "--require")
    code, out, _ = run(*verify, "provenance,sbom")
    assert code == 0, out
    assert "warned  replay      failed" in out
    assert run(*verify, "replay")[0] == 1  # a failed one
    (tmp_path / "replay.json").write_text("{}")
    code, out, err = run(*push, "--evidence", tmp_path / "replay.json")
    assert (code, out) == (1, "")
    assert "expected a report of `package replay` or `package test`" in err
