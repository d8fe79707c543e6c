"""Requirements that are no wheels: built once in isolation, kept beside the lock, pinned."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from host_samples import TARGET, RecordedProgress, make_wheel
from indexes import folder_index
from source_samples import commit, python_project, sdist

from modelhost.sandbox import landlock
from packager.digest import sha256_file
from packager.environment import dependencies, resolver
from packager.environment.built_wheels import keep_wheels
from packager.environment.dependencies import Dependencies, Requirements, lock_and_fetch
from packager.environment.lock import write_lock
from packager.environment.platform import host_target
from packager.environment.wheels import wheel_path
from packager.errors import PackageError, UsageError
from packager.runners.source_build import LocalBuilder

pytestmark = [
    pytest.mark.usefixtures("cache"),
    pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="the kernel can't confine files"),
]
Lock = Callable[..., Dependencies]


class CountingBuilder(LocalBuilder):
    """A builder that records what it built."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def build(self, job, output, progress):
        self.built.append(job.name)
        return super().build(job, output, progress)


@pytest.fixture
def builder() -> CountingBuilder:
    return CountingBuilder()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "package.toml").touch()
    return folder


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    return folder


@pytest.fixture
def lock(project: Path, links: Path, builder: CountingBuilder, monkeypatch) -> Lock:
    """Lock the project for these lines, and write lock and wheels, as a build does."""
    monkeypatch.setattr(resolver, "HOST_FLOORS", {})
    monkeypatch.setattr(dependencies, "shipped_wheels", lambda *_: [])
    monkeypatch.setattr(dependencies, "user_index_options", lambda: folder_index(links))

    def ask(*lines: str, update: bool = False, heard: RecordedProgress | None = None):
        file, path = project / "requirements.txt", project / "package.lock"
        if lines:
            file.write_text("\n".join(lines) + "\n")
        left_out = ("package.lock", "package.wheels/", ".git/")
        code = {
            name: p
            for p in sorted(project.rglob("*"))
            if p.is_file() and not (name := p.relative_to(project).as_posix()).startswith(left_out)
        }
        got = lock_and_fetch(
            Requirements(file, code=code, builder=builder),
            path,
            host_target() or TARGET,
            None,
            heard or RecordedProgress(),
            update=update,
        )
        keep_wheels(got.file, project)
        write_lock(got.file, path)
        return got

    return ask


def with_project(toml: Path, line: str) -> str:
    """The text of a ``pyproject.toml`` with one more line in ``[project]``."""
    return toml.read_text().replace("[project]\n", f"[project]\n{line}\n")


def names(got: Dependencies) -> dict[str, str]:
    return {wheel.name: wheel.version for wheel in got.lock.wheels}


def in_wheel(got: Dependencies, name: str) -> set[str]:
    wheel = next(wheel for wheel in got.lock.wheels if wheel.name == name)
    with ZipFile(wheel_path(wheel)) as archive:
        return set(archive.namelist())


@pytest.mark.slow
def test_a_folder_is_built_and_kept_beside_the_lock(lock: Lock, project, links):
    make_wheel(links, "alpha", {"alpha.py": ""})
    lines = ("./libs/a", "-e ./libs/b", "--editable=libs/c", "libs/d", "e @ file://{}/libs/e",
             "./libs/f ; python_version > '3'", "./libs/g ; sys_platform == 'win32'")  # fmt: skip
    for name in "abcdefg":
        python_project(project / "libs" / name, name, requires=("alpha",))
    got = lock(*(line.format(project) for line in lines))
    assert names(got) == dict.fromkeys(("alpha", *"abcdef"), "1.0")
    assert "a.py" in in_wheel(got, "a")
    assert [(b.requirement, b.kind) for b in got.file.built] == [
        (f"libs/{name}", "folder") for name in "abcdef"
    ]
    kept = sorted(path.name for path in (project / "package.wheels").iterdir())
    assert kept == [built.filename for built in got.file.built]
    text = (project / "package.lock").read_text()
    assert str(project) not in text


@pytest.mark.slow
def test_a_path_counts_from_the_file_that_names_it(lock: Lock, project, tmp_path):
    python_project(project / "more" / "lib", "lib")
    make_wheel(project / "more" / "wheels", "beta", {"beta.py": ""})
    (project / "more" / "requirements.txt").write_text("./lib\nwheels/beta-1.0-py3-none-any.whl\n")
    assert names(lock("-r more/requirements.txt")) == {"beta": "1.0", "lib": "1.0"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "outer"),
    [
        ('--editable="../libs/x[plus]"', "--requirement=sub/r.txt"),
        ("x[plus] @ file:../libs/x", "-rsub/r.txt"),
        ("../libs/./x[ plus ] ; python_version > '3'\r\n# a comment\r", "-r ./sub/r.txt"),
        ("-e file:../libs/x#egg=x", "-r sub/r.txt"),
    ],
)
def test_a_folder_is_named_in_every_way_that_pip_reads(
    lock: Lock, project, links, line: str, outer: str
):
    make_wheel(links, "alpha", {"alpha.py": ""})
    python_project(project / "libs" / "x", "x", requires=('alpha ; extra == "plus"',))
    (project / "sub").mkdir()
    (project / "sub" / "r.txt").write_text(f"{line}\n")
    assert names(lock(outer)).keys() == ({"alpha", "x"} if "plus" in line else {"x"})


@pytest.mark.slow
def test_the_project_itself_is_its_requirements_and_no_second_copy_of_its_code(
    lock: Lock, project, links
):
    make_wheel(links, "alpha", {"alpha.py": ""})
    python_project(project, "own", requires=("alpha",), files={"src/own.py": "X = 1\n"})
    (project / "own.py").unlink()
    got = lock("-e .")
    assert names(got) == {"alpha": "1.0", "own": "1.0"}
    assert all(".dist-info/" in name for name in in_wheel(got, "own"))


@pytest.mark.slow
def test_a_project_whose_wheel_has_more_than_its_code_is_installed_whole(lock: Lock, project):
    body = 'open("generated.py", "w").write("Y = 2")'
    python_project(project, "own", body=body)
    assert {"generated.py", "own.py"} <= in_wheel(lock("-e ."), "own")


@pytest.mark.slow
def test_what_a_folders_uv_sources_locate_is_taken_from_there_and_not_from_an_index(
    lock: Lock, project, links
):
    for name in ("lib", "more", "alpha"):
        make_wheel(links, name, {f"{name}.py": ""})
        python_project(project / "libs" / name, name, version="2.0")
    python_project(project, "own", requires=("lib", "alpha"))
    toml = project / "pyproject.toml"
    sources = '[tool.uv.sources]\nlib = { path = "libs/lib" }\nmore = { path = "libs/more" }\n'
    toml.write_text(with_project(toml, 'dependencies = ["lib", "alpha"]') + sources)
    got = lock("-e .")
    assert names(got) == {"own": "1.0", "lib": "2.0", "alpha": "1.0"}
    assert [built.requirement for built in got.file.built] == [".", "libs/lib"]
    toml.write_text(toml.read_text().replace("libs/lib", "../outside"))
    with pytest.raises(UsageError, match=r"`tool\.uv\.sources\.lib`: expected a path within the"):
        lock("-e .")


def test_a_project_that_excludes_the_bases_python_is_not_built(lock: Lock, project, builder):
    folder = python_project(project / "libs" / "x", "x")
    toml = folder / "pyproject.toml"
    toml.write_text(with_project(toml, 'requires-python = "<3.5"'))
    with pytest.raises(UsageError, match=r"^libs/x: pyproject\.toml: expected a file for the base"):
        lock("./libs/x")
    assert builder.built == []


@pytest.mark.slow
def test_credentials_in_the_requirements_of_a_source_would_be_in_its_wheel(lock: Lock, project):
    python_project(project / "libs" / "x", "x", requires=("y @ git+https://me:word@h/y",))
    with pytest.raises(PackageError, match="its wheel would hold the credentials") as caught:
        lock("./libs/x")
    assert "word" not in caught.value.message


@pytest.mark.slow
def test_a_build_leaves_no_process_and_reads_no_file_of_the_user(lock: Lock, project, tmp_path):
    secret = tmp_path / "id_rsa"
    secret.write_text("CANARY")
    body = (
        "import subprocess\n"
        "    subprocess.Popen(['sleep', '9876'], start_new_session=True)\n"
        f"    open({str(secret)!r}).read()"
    )
    python_project(project / "libs" / "x", "x", body=body)
    with pytest.raises(PackageError, match="Permission denied") as caught:
        lock("./libs/x")
    assert caught.value.hint.startswith("a build may access its own folder only")
    commands = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(place.read_bytes())
    assert b"sleep\x009876\x00" not in commands


@pytest.mark.slow
def test_a_source_archive_is_built(lock: Lock, project):
    digest = sha256_file(sdist(project, "x"))
    sdist(project, "y")
    got = lock(f"./x-1.0.tar.gz --hash=sha256:{digest}", f"y @ {project.as_uri()}/y-1.0.tar.gz")
    assert names(got) == {"x": "1.0", "y": "1.0"}
    assert [built.kind for built in got.file.built] == ["archive", "archive"]


def test_an_archive_that_differs_from_its_hash_is_refused(lock: Lock, project):
    sdist(project, "x")
    with pytest.raises(PackageError, match=r"x-1\.0\.tar\.gz: expected sha256 0000"):
        lock(f"./x-1.0.tar.gz --hash=sha256:{'0' * 64}")


@pytest.mark.slow
def test_a_package_that_offers_only_a_source_distribution_is_built(lock: Lock, links, builder):
    for version in ("1.0", "2.0"):
        sdist(links, "x", version)
    got = lock("x<2")
    assert names(got) == {"x": "1.0"}
    assert (got.file.built[0].requirement, got.file.built[0].kind) == ("x==1.0", "index")
    make_wheel(links, "alpha", {"alpha.py": ""})
    assert names(lock("x<2", "alpha")) == {"alpha": "1.0", "x": "1.0"}
    assert names(lock("x", update=True)) == {"x": "2.0"}
    assert builder.built == ["x==1.0", "x==2.0"]


@pytest.mark.slow
def test_what_a_source_distribution_requires_is_built_too(lock: Lock, links, project):
    sdist(links, "deep")
    sdist(links, "x", requires=("deep",))  # type: ignore[arg-type]
    python_project(project / "lib", "lib", requires=("x",))
    assert names(lock("./lib")) == {"deep": "1.0", "lib": "1.0", "x": "1.0"}


@pytest.mark.slow
def test_a_backend_gets_what_it_asks_for(lock: Lock, project, links):
    make_wheel(links, "tool", {"tool.py": "ANSWER = 42\n"})
    body = "import tool; assert tool.ANSWER == 42"
    python_project(project / "x", "x", more=("tool",), body=body)
    got = lock("./x")
    assert names(got) == {"x": "1.0"}
    assert got.file.built[0].tools == ("tool==1.0",)


@pytest.mark.slow
@pytest.mark.parametrize("ref", ["", "@{short}"])
def test_a_repository_is_pinned_to_its_commit(lock: Lock, project, tmp_path, builder, ref: str):
    repository = python_project(tmp_path / "repository", "x")
    first = commit(repository, "v1.0")
    line = f"x @ git+{repository.as_uri()}{ref.format(commit=first, short=first[:9])}"
    heard = RecordedProgress()
    got = lock(line, heard=heard)
    assert got.file.built[0].source == f"git:{first}"
    assert any("outside of the project" in told for told in heard.warnings)
    python_project(repository, "x", "2.0")
    commit(repository)
    shutil.rmtree(project / "package.wheels")
    keep_wheels(got.file, project)
    assert names(lock(line, "# another line")) == {"x": "1.0"}
    assert len(builder.built) == 1
    moves = ref == ""
    assert names(lock(line, update=True)) == {"x": "2.0" if moves else "1.0"}


@pytest.mark.slow
def test_a_folder_of_a_repository_is_built(lock: Lock, tmp_path):
    repository = tmp_path / "repository"
    python_project(repository / "python" / "x", "x")
    commit(repository)
    assert names(lock(f"git+{repository.as_uri()}#subdirectory=python/x")) == {"x": "1.0"}


@pytest.mark.slow
def test_a_direct_requirement_of_a_source_is_built(lock: Lock, project, tmp_path):
    deep = python_project(tmp_path / "deep", "deep")
    commit(deep)
    python_project(project / "x", "x", requires=(f"deep @ git+{deep.as_uri()}",))
    got = lock("./x")
    assert names(got) == {"deep": "1.0", "x": "1.0"}
    assert len(got.file.built) == 2


@pytest.mark.slow
def test_a_source_is_built_again_only_if_it_changed(lock: Lock, project, builder):
    python_project(project / "x", "x")
    first = lock("./x")
    assert lock() == first
    assert lock("./x", "# why").file.built == first.file.built
    assert builder.built == ["x"]
    python_project(project / "x", "x", "2.0")
    assert names(lock()) == {"x": "2.0"}
    assert builder.built == ["x", "x"]
    assert [p.name for p in (project / "package.wheels").iterdir()] == ["x-2.0-py3-none-any.whl"]
    (project / "requirements.txt").write_text("# none\n")
    lock()
    assert not (project / "package.wheels").exists()


@pytest.mark.slow
def test_equal_sources_give_equal_wheels_and_a_kept_wheel_replaces_a_lost_one(
    lock: Lock, project, cache: Path
):
    python_project(project / "x", "x")
    first = lock("./x")
    shutil.rmtree(cache / "builds")
    wheel_path(first.lock.wheels[0]).unlink()
    assert lock() == first
    assert wheel_path(first.lock.wheels[0]).is_file()
    assert lock(update=True).file.built == first.file.built


@pytest.mark.slow
def test_a_kept_wheel_that_is_not_the_locked_one_is_named(lock: Lock, project):
    python_project(project / "x", "x")
    lock("./x")
    path = project / "package.wheels" / "x-1.0-py3-none-any.whl"
    for content in (path.read_bytes() + b"x", None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(PackageError) as caught:
            lock()
        assert caught.value.message.startswith("package.wheels/x-1.0-py3-none-any.whl: expected ")
        assert "--upgrade" in caught.value.hint
    assert names(lock(update=True)) == {"x": "1.0"}


READS = "open({!r}).read()"
WRITES = 'open({!r}, "w").write("ran")'
CONNECTS = "import socket; socket.create_connection(('127.0.0.1', {!r}), 2)"


@pytest.mark.slow
@pytest.mark.parametrize("body", [READS, WRITES])
def test_a_build_reaches_no_file_of_this_machine(lock: Lock, project, tmp_path, body: str):
    place = tmp_path / "secret.txt"
    if body is READS:
        place.write_text("topsecret-2718")
    python_project(project / "x", "x", body=body.format(str(place)))
    with pytest.raises(PackageError) as caught:
        lock("./x")
    assert caught.value.message.startswith("x: its build backend backend ended with exit code 1: ")
    assert "PermissionError" in caught.value.message
    assert place.exists() == (body is READS)
    assert "topsecret" not in caught.value.message + caught.value.hint


@pytest.mark.slow
def test_a_build_has_no_network_and_no_variables(lock: Lock, project, monkeypatch):
    monkeypatch.setenv("TOKEN", "topsecret-2718")
    body = f"import os; assert 'TOKEN' not in os.environ; {CONNECTS.format(9)}"
    python_project(project / "x", "x", body=body)
    with pytest.raises(PackageError) as caught:
        lock("./x")
    assert "Error" in caught.value.message
    assert "AssertionError" not in caught.value.message
    assert "no network" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("import Cython", "name that in [build-system] requires"),
        ("import subprocess; subprocess.run(['gcc-99', 'x.c'])", "the base has no compiler"),
        ("raise SystemExit(3)", "`pip wheel` of it"),
    ],
)
def test_a_failed_build_says_what_would_work(lock: Lock, project, body: str, hint: str):
    python_project(project / "x", "x", body=body)
    with pytest.raises(PackageError) as caught:
        lock("./x")
    assert caught.value.message.startswith("x: its build backend backend ended with exit code ")
    assert hint in caught.value.hint
    assert not (project / "package.lock").exists()


def test_a_folder_without_a_project_is_refused(lock: Lock, project):
    (project / "x").mkdir()
    (project / "x" / "x.py").touch()
    with pytest.raises(UsageError, match=r"x: expected pyproject\.toml or setup\.py"):
        lock("./x")


@pytest.mark.slow
def test_a_package_of_another_name_is_refused(lock: Lock, project):
    python_project(project / "x", "x")
    with pytest.raises(PackageError, match="expected the package y, got x"):
        lock(f"y @ {(project / 'x').as_uri()}")
