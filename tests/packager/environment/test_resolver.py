from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import TARGET, locked, make_wheel
from indexes import UNTOUCHED, folder_index, private_index

from packager.digest import sha256_file
from packager.environment import resolver
from packager.environment.formats.selection import DependencySelection
from packager.environment.index import IndexOptions, index_options, user_index_options
from packager.environment.platform import WheelTarget
from packager.environment.resolver import locate, resolve
from packager.errors import PackageError

pytestmark = pytest.mark.slow


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A folder of wheels: ``alpha`` in two versions, ``beta`` which needs it, ``tool``."""
    folder = tmp_path / "links"
    make_wheel(folder, "alpha", {"alpha.py": ""}, version="1.0")
    make_wheel(folder, "alpha", {"alpha.py": "x"}, version="2.0")
    make_wheel(folder, "beta", {"beta.py": ""}, requires=["alpha<3"])
    make_wheel(folder, "tool", {"tool.py": ""})
    return folder


@pytest.fixture
def host(monkeypatch) -> dict[str, str]:
    """What the model host needs, in place of its real requirements."""
    floors = {"tool": ">=0.5"}
    monkeypatch.setattr(resolver, "HOST_FLOORS", floors)
    return floors


def write(folder: Path, text: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text(text)
    return path


def chosen(found) -> dict[str, str]:
    assert {item.wheel.groups for item in found} <= {("model",)}
    return {item.wheel.name: item.wheel.version for item in found}


def refused(requirements: Path, index, target: WheelTarget = TARGET) -> PackageError:
    with pytest.raises(PackageError) as caught:
        resolve(requirements, target, index)
    return caught.value


def test_what_the_model_host_needs_is_added(tmp_path, links, host):
    found = resolve(write(tmp_path, "beta\n"), TARGET, folder_index(links))
    assert chosen(found) == {
        "alpha": "2.0",
        "beta": "1.0",
        "tool": "1.0",
    }
    tool = links / "tool-1.0-py3-none-any.whl"
    assert (found[2].wheel, found[2].url) == (locked(tool), tool.as_uri())


def test_what_the_project_has_itself_is_kept(tmp_path, links, host):
    make_wheel(links, "tool", {"tool.py": "new"}, version="2.0")
    found = resolve(write(tmp_path, "tool<2\n"), TARGET, folder_index(links))
    assert chosen(found) == {"tool": "1.0"}


def test_what_is_added_moves_nothing_of_the_project(tmp_path, links, host):
    make_wheel(links, "tool", {"tool.py": "new"}, version="2.0", requires=["alpha<2"])
    found = resolve(write(tmp_path, "alpha\n"), TARGET, folder_index(links))
    assert chosen(found)["tool"] == "1.0"
    assert chosen(found)["alpha"] == "2.0"


def test_a_version_that_the_model_host_can_not_use_is_refused(tmp_path, links, host):
    host["tool"] = ">=1.5"
    error = refused(write(tmp_path, "tool\n"), folder_index(links))
    assert error.message == (
        "requirements.txt: expected tool>=1.5, which loads and calls the model, got 1.0"
    )
    assert error.hint == "allow a newer version of tool"


def test_an_earlier_choice_is_kept_where_it_still_fits(tmp_path, links, host):
    old = locked(links / "alpha-1.0-py3-none-any.whl")
    index = folder_index(links)
    kept = resolve(write(tmp_path, "beta\n"), TARGET, index, pins=[old])
    assert chosen(kept)["alpha"] == "1.0"
    moved = resolve(write(tmp_path, "alpha>1\n"), TARGET, index, pins=[old])
    assert chosen(moved)["alpha"] == "2.0"


def test_the_best_build_for_the_target_is_taken(tmp_path, links, host):
    for tag in ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_28_x86_64"):
        make_wheel(links, "alpha", {"alpha.py": tag}, version="2.0", tag=tag)
    make_wheel(
        links, "alpha", {"alpha.py": ""}, version="2.0", tag="cp311-cp311-manylinux_2_28_aarch64"
    )
    found = resolve(write(tmp_path, "alpha\n"), TARGET, folder_index(links))
    assert found[0].wheel.filename == "alpha-2.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    older = WheelTarget("3.11", "linux/amd64", (2, 20))
    found = resolve(write(tmp_path, "alpha\n"), older, folder_index(links))
    assert found[0].wheel.filename == "alpha-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"


def test_names_in_nested_files_are_relative_to_them(tmp_path, links, host):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.txt").write_text("-c limit.txt\nbeta\n")
    (tmp_path / "deep" / "limit.txt").write_text("alpha<2\n")
    found = resolve(write(tmp_path, "-r deep/more.txt\n"), TARGET, folder_index(links))
    assert chosen(found)["alpha"] == "1.0"


def test_a_wheel_named_by_its_path_is_taken_from_there(tmp_path, links, host, monkeypatch):
    # As with pip, such a path is relative to where the command runs.
    monkeypatch.chdir(tmp_path)
    own = make_wheel(tmp_path / "own", "own", {"own.py": ""})
    requirements = write(tmp_path, "./own/own-1.0-py3-none-any.whl\n")
    answer = resolve(requirements, TARGET, folder_index(links))
    found = {item.wheel.name: item for item in answer}
    assert found["own"].url == own.as_uri()
    assert found["own"].wheel == locked(own)


def test_an_unknown_package_is_named_as_the_projects_own_mistake(tmp_path, links, host):
    error = refused(write(tmp_path, "alphabet\n"), folder_index(links))
    assert error.message.startswith("requirements.txt: can't be resolved: ")
    assert "alphabet" in error.message
    assert "\n" not in error.message
    assert error.hint.startswith(
        "check the name alphabet; no index is asked, because no-index is set"
    )


def test_a_conflict_names_both_sides(tmp_path, links, host):
    make_wheel(links, "needy", {"needy.py": ""}, requires=["alpha>=2"])
    host["needy"] = ""
    error = refused(write(tmp_path, "alpha<2\n"), folder_index(links))
    assert error.message.startswith(
        "requirements.txt and what the model host needs can't be resolved together: "
    )
    assert "alpha<2" in error.message
    assert error.hint == "loosen requirements.txt; the model host needs: needy"


def test_a_conflict_within_the_project_is_its_own(tmp_path, links, host):
    error = refused(write(tmp_path, "alpha<2\nalpha>=2\n"), folder_index(links))
    assert error.message.startswith("requirements.txt: can't be resolved: ")


def test_a_wheel_for_another_machine_only_is_no_wheel(tmp_path, links, host):
    make_wheel(links, "native", {"native.py": ""}, tag="cp311-cp311-manylinux_2_17_aarch64")
    error = refused(write(tmp_path, "native\n"), folder_index(links))
    assert error.message.startswith("requirements.txt: a requirement has no wheel that fits: ")
    assert error.hint == (
        "native has wheels for manylinux_2_17_aarch64 only, not for x86_64-manylinux_2_36: "
        "take another version of it"
    )


def test_a_source_distribution_alone_is_no_wheel(tmp_path, links, host):
    (links / "gamma-1.0.tar.gz").write_bytes(b"")
    error = refused(write(tmp_path, "gamma\n"), folder_index(links))
    assert error.message.startswith("requirements.txt: a requirement has no wheel that fits: ")
    assert "pip wheel" in error.hint


def test_a_line_that_is_no_requirement_is_named(tmp_path, links, host):
    error = refused(write(tmp_path, "alpha ==\n"), folder_index(links))
    assert error.message.startswith("requirements.txt line 1: expected a requirement")
    assert "alpha ==" in error.message
    assert error.exit_code == 2


def test_locked_wheels_are_found_again(links):
    wheels = [
        locked(links / "alpha-1.0-py3-none-any.whl"),
        locked(links / "tool-1.0-py3-none-any.whl"),
    ]
    found = locate(wheels, TARGET, folder_index(links))
    assert [item.wheel for item in found] == wheels
    assert found[0].url.endswith("/alpha-1.0-py3-none-any.whl")


def test_a_wheel_that_was_changed_on_the_index_is_reported(links):
    old = locked(links / "tool-1.0-py3-none-any.whl")
    make_wheel(links, "tool", {"tool.py": "changed"})
    with pytest.raises(PackageError) as caught:
        locate([old], TARGET, folder_index(links))
    assert caught.value.message == (
        f"package.lock: tool-1.0-py3-none-any.whl with sha256 {old.sha256} is offered by none of "
        "your indexes"
    )
    assert "--upgrade" in caught.value.hint


def test_a_private_index_is_queried_with_the_users_name(tmp_path, links, host):
    with private_index(links / "tool-1.0-py3-none-any.whl", "me", "p@ss") as host:
        variables = {**UNTOUCHED, "UV_CACHE_DIR": str(tmp_path / "uv")}
        index = index_options({"index-url": f"http://me:p%40ss@{host}/simple"}, variables)
        found = resolve(write(tmp_path, "tool\n"), TARGET, index)
    assert [item.wheel.name for item in found] == ["tool"]
    assert "p@ss" not in found[0].url
    assert "p%40ss" not in found[0].url


SECRET = "c4n4ry"
ADDRESS = f"https://me:{SECRET}@127.0.0.1:1/simple"


@pytest.mark.parametrize(
    ("pip", "text", "settings"),
    [
        ({"index-url": ADDRESS, "extra-index-url": f"{ADDRESS} https://b/simple"}, "", ""),
        ({"find-links": ADDRESS}, "", ""),
        ({}, f"--extra-index-url {ADDRESS}\n-f {ADDRESS}\n-i {ADDRESS}\n", ""),
        ({}, f"alpha @ {ADDRESS}/alpha-1.0-py3-none-any.whl\n", ""),
        ({}, "", f'[tool.uv]\nextra-index-url = ["{ADDRESS}"]\n'),
        (
            {},
            "",
            f'[tool.uv.sources]\nalpha = {{index = "own"}}\n[[tool.uv.index]]\nname = "own"\n'
            f'url = "{ADDRESS}"\n',
        ),
    ],
)
def test_no_credential_of_an_index_is_on_a_command_line(
    tmp_path, host, monkeypatch, pip: dict[str, str], text: str, settings: str
):
    heard, program = tmp_path / "heard", tmp_path / "uv"
    program.write_text(f"#!/bin/sh\ntr '\\0' ' ' < /proc/$$/cmdline > {heard}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(program))
    (tmp_path / "pyproject.toml").write_text(settings)
    requirements = write(tmp_path, f"alpha\n{text}")
    index = index_options(pip, {**UNTOUCHED, "UV_DEFAULT_INDEX": ""}).of_project(requirements)
    refused(requirements, index)
    assert "pip compile" in heard.read_text()
    assert SECRET not in heard.read_text()
    assert "me" in {user for user, _ in index.credentials().values()} or "@" in text


def test_an_address_replaces_the_users_variable_as_an_option_does():
    own = ("--default-index", "https://x@own/simple", "--index-strategy", "first-index")
    lists = ("--extra-index-url", "https://a", "--extra-index-url", "https://b")
    found = ("--find-links", "/a", "--find-links", "https://c")
    index = IndexOptions((*own, *lists, *found), {"UV_EXTRA_INDEX_URL": "https://mine"}, None)
    arguments, environment = index.command()
    assert arguments == ["--index-strategy", "first-index"]
    assert environment == {
        "UV_DEFAULT_INDEX": "https://x@own/simple",
        "UV_EXTRA_INDEX_URL": "https://a https://b",
        "UV_FIND_LINKS": "/a,https://c",
    }


@pytest.mark.network
def test_a_package_that_no_index_knows_is_named(tmp_path: Path):
    name = "surely-nobody-has-called-a-package-like-this"
    error = refused(write(tmp_path, f"{name}\n"), user_index_options())
    assert error.message.startswith("requirements.txt: can't be resolved: ")
    assert name in error.message


@pytest.mark.network
def test_an_old_stack_and_a_servers_own_requirements_resolve(tmp_path: Path):
    lines = ["pandas==1.5.3", "numpy==1.26.4", "scikit-learn==1.2.2", "pydantic<2"]
    asked = write(tmp_path, "\n".join([*lines, "bentoml==1.2.0", ""]))
    found = chosen(resolve(asked, TARGET, user_index_options().of_project(asked)))
    assert (found["pandas"], found["numpy"], found["bentoml"]) == ("1.5.3", "1.26.4", "1.2.0")
    assert found["pydantic"].startswith("1.")


@pytest.mark.network
def test_a_real_package_without_a_wheel_is_reported_with_what_to_do(tmp_path: Path):
    # docopt has only ever been published as source.
    error = refused(write(tmp_path, "docopt==0.6.2\n"), user_index_options())
    assert error.message.startswith("requirements.txt: a requirement has no wheel that fits: ")
    assert "docopt" in error.message
    assert "pip wheel" in error.hint


def test_only_a_wheel_with_a_hash_that_the_requirements_name_is_taken(tmp_path, links, host):
    index, wheel = folder_index(links), links / "alpha-2.0-py3-none-any.whl"
    line = f"alpha==2.0 --hash=sha256:{sha256_file(wheel)} --hash=sha256:{'0' * 64}\n"
    assert chosen(resolve(write(tmp_path, line), TARGET, index))["alpha"] == "2.0"
    error = refused(write(tmp_path, f"alpha==2.0 --hash=sha256:{'0' * 64}\n"), index)
    assert error.message == (
        "alpha: expected a wheel with one of the hashes that the requirements name, got "
        f"{wheel.name} with sha256 {sha256_file(wheel)}"
    )
    (tmp_path / "limits.txt").write_text(f"alpha==2.0 --hash=sha256:{'0' * 64}\n")
    assert "one of the hashes" in refused(write(tmp_path, "beta\n-c limits.txt\n"), index).message


def test_a_hash_of_another_algorithm_is_refused(tmp_path, links, host):
    error = refused(write(tmp_path, "alpha==2.0 --hash=sha512:00\n"), folder_index(links))
    assert error.message == "requirements.txt line 1: expected a hash of sha256, got sha512"


def test_a_lock_of_uv_is_kept_exactly(tmp_path, links, host):
    """Its version is not the newest, and its dependencies are those of the lock."""
    (tmp_path / "package.toml").touch()
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "own"\nversion = "1"\n'
        'source = { virtual = "." }\ndependencies = [{ name = "beta" }]\n[[package]]\n'
        'name = "beta"\nversion = "1.0"\nsource = { registry = "https://h" }\n'
        'dependencies = [{ name = "alpha" }]\n[[package]]\nname = "alpha"\nversion = "1.0"\n'
        'source = { registry = "https://h" }\n'
    )
    found = resolve(tmp_path / "uv.lock", TARGET, folder_index(links))
    assert chosen(found) == {
        "alpha": "1.0",
        "beta": "1.0",
        "tool": "1.0",
    }


@pytest.mark.network
@pytest.mark.parametrize("file", ["pyproject.toml", "environment.yml"])
def test_requirements_in_other_formats_resolve_for_real(tmp_path, host, file):
    host.clear()
    (tmp_path / "package.toml").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\ndependencies = []\n'
        '[project.optional-dependencies]\nx = ["joblib<1.5"]\n[dependency-groups]\ng = ["toolz"]\n'
    )
    (tmp_path / "environment.yml").write_text(
        "dependencies: [python=3.11, 'conda-forge::joblib>=1.3,<1.5', {pip: [toolz]}]\n"
    )
    extras = (
        DependencySelection(TARGET, ("x",), ("g",))
        if file == "pyproject.toml"
        else DependencySelection(TARGET)
    )
    index = user_index_options().of_project(tmp_path / file, None, extras)
    found = chosen(resolve(tmp_path / file, extras, index))
    assert found["joblib"].startswith("1.4")
    assert "toolz" in found
