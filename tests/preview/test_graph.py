"""Reading a recording: what is checked, what is hidden, what is named as unknown."""

import json
from typing import Any

import pytest

from scripts.previewing.fields import leaves, plain_path
from scripts.previewing.graph import read_graph
from scripts.runbook.errors import PreviewRefused
from tests.preview.graphs import INSTANCE, SUBNET, VPC, graph, recorded, resource

VPC_PLACE = f"{VPC}::lifeboat-network-vpc"


def test_a_resource_belongs_to_the_capability_above_it() -> None:
    """It climbs over any number of parents to the capability."""
    inner = resource(INSTANCE, "inner", parent=f"{INSTANCE}::outer")
    found = graph(resource(INSTANCE, "outer"), inner, resource(VPC, "stray", parent=""))

    places = {one.name: found.capability_of(one) for one in found.provided}

    assert places == {"inner": "vault", "outer": "vault", "stray": "site"}


def test_parents_in_a_ring_end() -> None:
    """It does not climb for ever where a recording names parents in a ring."""
    found = graph(resource(VPC, "a", parent=f"{VPC}::b"), resource(VPC, "b", parent=f"{VPC}::a"))

    assert {found.capability_of(one) for one in found.provided} == {"site"}


def test_an_invented_output_is_named() -> None:
    """It shows whose output a value is, and nothing that was invented for it."""
    inputs = {"vpcId": "lifeboat-network-vpc-id", "url": "https://lifeboat-network-vpc.name.example.net/x"}
    found = graph(resource(SUBNET, "one", inputs, property_dependencies={name: [VPC_PLACE] for name in inputs}))

    shown = found.provided[0].inputs

    assert shown["vpcId"] == "‹lifeboat-network-vpc.id›"
    assert shown["url"] == "https://‹lifeboat-network-vpc.name›.example.net/x"


def test_an_invented_address_is_no_address() -> None:
    """It does not show the recorder's stand-in for an address as if it were known."""
    rule = resource(SUBNET, "one", {"from": "203.0.113.10/32"}, property_dependencies={"from": [VPC_PLACE]})

    assert graph(rule).provided[0].inputs["from"] == "‹an address›/32"


def test_a_value_that_only_looks_invented_stays() -> None:
    """It leaves a text alone that depends on no other resource."""
    found = graph(resource(SUBNET, "one", {"tag": "lifeboat-network-vpc-id"}))

    assert found.provided[0].inputs["tag"] == "lifeboat-network-vpc-id"


@pytest.mark.parametrize(
    ("inputs", "secrets"),
    [
        ({"plain": "TheSecret"}, ["plain"]),
        ({"list": [{"deep": "TheSecret"}]}, ["list[0].deep"]),
        ({"password": "TheSecret"}, []),
        ({"settings": {"sharedKey": "TheSecret"}}, []),
        ({"url": "postgresql://app:TheSecret@host/db"}, []),
        ({"pem": "-----BEGIN PRIVATE KEY-----\nTheSecret\n-----END PRIVATE KEY-----"}, []),
    ],
)
def test_no_secret_is_kept(inputs: dict[str, Any], secrets: list[str]) -> None:
    """It hides what the recorder marked, and what looks like a secret although nobody marked it."""
    found = graph(resource(INSTANCE, "one", inputs, secrets=secrets))

    text = json.dumps(found.provided[0].inputs)

    assert "TheSecret" not in text
    assert "[secret]" in text


def test_no_secret_is_kept_in_an_output() -> None:
    """It hides a connection string among the outputs too."""
    assert graph(resource(VPC, "v"), url="postgresql://a:TheSecret@h/d").outputs["url"] == "[secret]"


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"cloud": "aws", "resources": [], "outputs": {}},
        {"cloud": "aws", "resources": "x", "outputs": {}},
        {"cloud": "aws", "resources": [{"type": "x"}], "outputs": {}},
        recorded(resource(VPC, "v", inputs=None, protect=True)) | {"outputs": None},
        recorded({**resource(VPC, "v"), "name": 3}),
        recorded({**resource(VPC, "v"), "inputs": []}),
    ],
)
def test_a_corrupt_recording_is_one_sentence(value: Any) -> None:
    """It refuses whatever is no recording, and says where it came from."""
    with pytest.raises(PreviewRefused, match=r"^The recorded graph from here is corrupt[^\n]*$"):
        read_graph(value, "from here")


def test_the_order_of_a_recording_does_not_matter() -> None:
    """It makes the same graph of the same resources in any order."""
    ones = [resource(VPC, "v"), resource(SUBNET, "b"), resource(SUBNET, "a")]

    assert graph(*ones) == graph(*reversed(ones))


def test_json_in_a_string_is_taken_apart() -> None:
    """It reads a policy document as fields, and leaves text that is no JSON as it is."""
    found = dict(leaves({"policy": json.dumps({"Statement": [{"Sid": "Read", "Action": "s3:*"}]}), "text": "{no json"}))

    assert found == {
        "policy.Statement[Read].Sid": '"Read"',
        "policy.Statement[Read].Action": '"s3:*"',
        "text": '"{no json"',
    }


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("settings.databaseFlags[log_connections].value", "settings.databaseFlags.value"),
        ("rules[0].deep[a[b]].x", "rules.deep.x"),
        ("plain", "plain"),
    ],
)
def test_a_path_without_positions(path: str, plain: str) -> None:
    """It leaves out what stands in brackets, whatever that is, and nothing after it."""
    assert plain_path(path) == plain
