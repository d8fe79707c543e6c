from __future__ import annotations

from packager.environment.requirement_hashes import (
    allowed_hashes,
    other_algorithm,
    without_hashes,
)


def test_hashes_are_written_behind_the_requirement():
    line = "a==1 --hash sha256:AB --hash=sha512:cd ; os_name == 'x'"
    assert without_hashes(line) == ("a==1 ; os_name == 'x'", " --hash=sha256:AB --hash=sha512:cd")


def test_one_of_sha256_is_required():
    assert other_algorithm("a==1 --hash=md5:ab") == "md5"
    assert other_algorithm("a==1 --hash=sha512:ab --hash=sha256:ab") is None
    assert other_algorithm("a==1") is None


def test_the_hashes_of_all_lines_of_a_package_are_allowed():
    lines = ["A_b==1 --hash=sha256:AB", "a-b==2 --hash=sha256:cd", "c @ https://h/c.whl", "./d"]
    lines += ["e @ https://h/e.whl --hash=sha256:00", "https://h/f.whl --hash=sha256:00"]
    assert allowed_hashes(lines) == {"a-b": {"ab", "cd"}, "e": {"00"}}
