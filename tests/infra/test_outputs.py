"""SiteOutputs: what is read is checked, and every problem is named at once."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import SiteOutputs, SiteOutputsError

GOOD: dict[str, Any] = {
    "format": 1,
    "site": "aws",
    "cloud": "aws",
    "region": "eu-west-1",
    "app_url": "https://www.social.example.org",
    "edge_target": "edge.example.net",
    "dns_records": [{"name": "_proof.www.social.example.org", "type": "CNAME", "value": "_proof.example.net"}],
    "database_host": "10.10.16.4",
    "database_port": 5432,
    "database_name": "lifeboat",
    "database_cidr": "10.10.16.0/20",
    "media_url": "s3://media?region=eu-west-1",
    "lease_url": "gs://lease",
    "ledger_url": "az://account/ledger?endpoint=http://127.0.0.1:1/account",
    "audit_url": "s3://audit?region=eu-west-1",
    "egress_address": "203.0.113.9",
    "link": {"asn": 64601, "gateways": {"gcp": ["203.0.113.1"]}, "inside": {"gcp": ["169.254.21.1"]}},
    "identity": {"issuer": "https://issuer.example.net", "subjects": {"agent": "arn:aws:iam::1:role/agent"}},
    "entries": {"gcp": {"app": "arn:aws:iam::1:role/app", "agent": "arn:aws:iam::1:role/agent"}},
    "image": "registry.example.org/lifeboat@sha256:" + "0" * 64,
    "capacity": "standby",
}


def test_good_outputs_survive_a_round_trip(tmp_path: Path) -> None:
    """It reads from a file what it wrote, without a change."""
    file = tmp_path / "aws.json"
    file.write_text(SiteOutputs.read(GOOD).to_json())

    found = SiteOutputs.read(file)

    assert dataclasses.asdict(found) == GOOD


def test_a_site_without_link_and_image_is_accepted() -> None:
    """It accepts a site that runs from source on one machine."""
    local = {**GOOD, "link": {}, "image": "", "app_url": "http://social.localhost:8080", "database_cidr": "127.0.0.0/8"}

    assert SiteOutputs.read(local).link == {}


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("format", 2, "1, the only format this version reads"),
        ("site", "AWS!", "a name of lower-case letters, digits and hyphens"),
        ("app_url", "www.example.org", "an http or https address without a path"),
        ("edge_target", "", "a host name or an address"),
        ("database_port", "5432", "a port"),
        ("database_port", True, "a port"),
        ("database_cidr", "10.10.16.0", "a network range"),
        ("media_url", "s3://media", "a store URL (s3://BUCKET?region=.., gs://BUCKET or az://ACCOUNT/CONTAINER)"),
        ("lease_url", "gs://user@lease", "a store URL (s3://BUCKET?region=.., gs://BUCKET or az://ACCOUNT/CONTAINER)"),
        ("dns_records", [{"name": "x"}], "a list of records, each with name, type and value"),
        ("egress_address", "example.org", "an IP address"),
        ("link", {"asn": 1}, "empty, or an asn with lists of addresses under gateways and inside"),
        (
            "link",
            {"asn": 1, "gateways": {"gcp": "1"}, "inside": {}},
            "empty, or an asn with lists of addresses under gateways and inside",
        ),
        ("image", "lifeboat:latest", "an image by digest (NAME@sha256:..), or empty where the site runs from source"),
        ("capacity", "huge", "one of standby, warm, full"),
    ],
)
def test_an_odd_value_names_itself(name: str, value: Any, meaning: str) -> None:
    """It refuses an odd value, naming it and what it should be."""
    with pytest.raises(SiteOutputsError) as refused:
        SiteOutputs.read({**GOOD, name: value})

    assert str(refused.value) == f"The site outputs cannot be used: {name} is {value!r}, which is not {meaning}."


def test_all_problems_are_named_at_once() -> None:
    """It names a missing, a strange and an odd value in one sentence."""
    values = {name: value for name, value in GOOD.items() if name != "region"} | {"regoin": "x", "capacity": 3}

    with pytest.raises(SiteOutputsError) as refused:
        SiteOutputs.read(values)

    assert "region is missing; regoin is not a name we know; capacity is 3" in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", '{"site": '])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    """It refuses a broken file, naming the file."""
    file = tmp_path / "gcp.json"
    file.write_text(text)

    with pytest.raises(SiteOutputsError, match=r"gcp\.json of site outputs cannot be"):
        SiteOutputs.read(file)


def test_equal_outputs_are_equal_bytes() -> None:
    """It writes keys in one order, whatever order they came in."""
    backwards = dict(reversed(GOOD.items()))

    assert SiteOutputs.read(backwards).to_json() == SiteOutputs.read(GOOD).to_json()
    assert json.loads(SiteOutputs.read(GOOD).to_json()) == GOOD
