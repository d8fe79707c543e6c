import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager.deploy.fleet import DeployedModel
from packager.errors import PackageError
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.proxy_control import (
    ProxyControl,
    SlotTraffic,
    parse_addresses,
    parse_servers,
    traffic,
)

HEAD = (
    "# pxname,svname,scur,econ,eresp,status,weight,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,"
    "uweight,-\n"
)
STAT = HEAD + (
    "model,FRONTEND,1,,,OPEN,,0,70,0,0,0,,\n"
    "model,blue1,1,1,0,UP,100,0,50,0,4,2,90,\n"
    "model,blue2,0,0,1,DOWN,100,0,9,0,0,0,90,\n"
    "model,green1,0,0,0,UP 1/3,10,0,5,0,0,1,10,\n"
    "model,green2,0,0,0,MAINT (resolution),10,0,0,0,0,0,10,\n"
    "model,BACKEND,1,1,1,UP,200,0,64,0,4,3,,\n"
    "blue,blue1,0,0,0,UP,100,0,1,0,0,0,100,\n"
)
SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)


class Answering(ComposeCommand):
    """Compose whose control container has a given proxy."""

    def run(self, *arguments: str, text: str | None = None, seconds: float = 0) -> str:
        asked = (text or "").split("\n")
        said.append(asked)
        known, stat = self.program
        return json.dumps([stat if one == "show stat" else known for one in asked])


said: list[list[str]] = []


def control(answer: str, stat: str = STAT, one: DeployedModel = SHOP) -> ProxyControl:
    said.clear()
    return ProxyControl(Answering(Path(), (answer, stat)), one)


def test_servers_of_both_slots_are_read():
    found = parse_servers(STAT)
    assert [one.slot for one in found] == ["blue", "blue", "green", "green"]
    assert [one.up for one in found] == [True, False, True, False]
    assert [one.weight for one in found] == [90, 90, 10, 10]
    assert found[0].current == 1


def test_servers_of_grpc_are_counted_and_are_no_further_replicas():
    with_grpc = STAT + STAT.removeprefix(HEAD).replace("model,", "grpc,")
    found = parse_servers(with_grpc)
    assert [one.backend for one in found] == ["model"] * 4 + ["grpc"] * 4
    assert traffic(found, "blue") == SlotTraffic(134, 8)
    both = control("", one=replace(SHOP, grpc=True))
    assert both.up("blue") == 1


def test_grpc_gets_the_same_weights():
    control("", one=replace(SHOP, grpc=True)).set_weights({"blue": 90, "green": 10})
    assert {"set weight model/blue1 90", "set weight grpc/blue1 90"} <= {*said[0]}
    assert {"set weight model/green2 10", "set weight grpc/green2 10"} <= {*said[0]}


def test_failures_are_5xx_and_lost_requests():
    found = parse_servers(STAT)
    assert traffic(found, "blue") == SlotTraffic(67, 4)
    assert traffic(found, "green") == SlotTraffic(6, 1)


def test_traffic_since_a_restart_of_the_proxy_is_not_negative():
    assert SlotTraffic(5, 1).since(SlotTraffic(3, 0)) == SlotTraffic(2, 1)
    assert SlotTraffic(5, 1).since(SlotTraffic(90, 9)) == SlotTraffic(0, 0)


@pytest.mark.parametrize(
    "text", ["garbage", "# pxname,svname\nmodel,blue1\n", STAT.replace("50", "x")]
)
def test_another_answer_is_an_error(text):
    with pytest.raises(PackageError, match="expected the proxy's counts"):
        parse_servers(text)


def test_every_replica_gets_its_weight_and_is_asked_for_it():
    control("").set_weights({"blue": 90, "green": 10})
    [asked] = said
    assert asked[0] == "set weight model/blue1 90"
    assert asked[63] == "set weight model/green32 10"
    assert asked[64] == "show stat"


@pytest.mark.parametrize(("serving", "idle"), [("blue", "green"), ("green", "blue")])
def test_at_no_moment_of_a_move_do_all_replicas_have_the_weight_0(serving, idle):
    weights = {f"model/{serving}{n}": 100 for n in (1, 2)} | {f"model/{idle}{n}": 0 for n in (1, 2)}
    stat = STAT.replace(",90,\n", f",{100 * (idle == 'blue')},\n")
    stat = stat.replace(",10,\n", f",{100 * (idle == 'green')},\n")
    control("", stat).set_weights({serving: 0, idle: 100})
    for command in said[0]:
        match command.split():
            case ["set", "weight", server, weight] if server in weights:
                weights[server] = int(weight)
        assert sum(weights.values()) >= 200
    assert weights[f"model/{serving}1"] == 0


def test_a_refused_command_is_an_error():
    with pytest.raises(PackageError, match="set weight model/blue1 90: expected it done, got 'No"):
        control("No such server.").set_weights({"blue": 90, "green": 10})


def test_another_weight_than_the_wanted_one_is_an_error():
    with pytest.raises(PackageError, match="weight 50 of blue: expected it done, got '90'"):
        control("").set_weights({"blue": 50, "green": 50})


def test_replicas_that_are_up_are_counted():
    found: Any = control("")
    assert (found.up("blue"), found.up("green")) == (1, 1)


def test_servers_have_their_addresses():
    heads = "be_id be_name srv_id srv_name srv_addr srv_op_state"
    lines = ["3 model 1 blue1 172.18.0.4 2", "3 model 2 blue2 - 0", "4 blue 1 blue1 172.18.0.4 2"]
    found = parse_addresses("\n".join(["1", f"# {heads}", *lines, "5 grpc 1 green1 10.0.0.9 2"]))
    assert found == {
        "model/blue1": "172.18.0.4",
        "model/blue2": "-",
        "grpc/green1": "10.0.0.9",
    }
    with pytest.raises(PackageError, match="expected the proxy's servers, got"):
        parse_addresses("Unknown command\nmore\n")
