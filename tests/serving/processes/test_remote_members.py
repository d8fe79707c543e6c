from __future__ import annotations

from pathlib import Path

import pytest
from hostile_models import hostile_package
from remote_members import remote_solution

from modelhost.solution.member_urls import parse_urls
from packager.errors import UsageError
from serving.processes.remote_members import check_remote_members

URLS = parse_urls("kind=http://kind:3000")


def test_members_of_a_solution(tmp_path: Path) -> None:
    manifest = remote_solution(tmp_path).solution.manifest
    check_remote_members(URLS, manifest)
    check_remote_members({}, manifest)
    with pytest.raises(UsageError, match="one of the members kind, price, got 'mood'"):
        check_remote_members(parse_urls("mood=http://a"), manifest)


def test_a_solution_without_network(tmp_path: Path) -> None:
    manifest = remote_solution(tmp_path, network=False).solution.manifest
    check_remote_members({}, manifest)
    with pytest.raises(UsageError, match="may use the network, got claims without"):
        check_remote_members(URLS, manifest)


def test_a_package_of_one_model(tmp_path: Path) -> None:
    manifest = hostile_package(tmp_path / "package").manifest
    with pytest.raises(UsageError, match="unset for diamonds, which is no solution"):
        check_remote_members(URLS, manifest)
