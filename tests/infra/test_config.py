"""Settings to spec: a table of bad settings and the exact sentence each one gets."""

# ruff: noqa: E501  (a sentence that an operator reads stays on one line, so that it can be searched for)

import json
import re
from typing import Any

import pytest

from infra import regions
from infra.config import parse
from infra.settings import SettingsError
from infra.stack_files import stack_settings
from tests.engine import sdk
from tests.infra.recordings import IDENTITIES, JOINED, PROCESSES

SHARED = "Pulumi.yaml or stacks/Pulumi.aws.yaml: lifeboat:"
STACK = "stacks/Pulumi.aws.yaml: lifeboat:"
NETWORKS = {
    "aws": {"cidr": "10.10.0.0/16", "asn": 64601},
    "azure": {"cidr": "10.20.0.0/16", "asn": 64602},
    "gcp": {"cidr": "10.30.0.0/16", "asn": 64603},
}


def values(stack: str = "aws", /, **changes: Any) -> dict[str, str]:
    found = {key.partition(":")[2]: value for key, value in stack_settings(stack).items()}
    return found | {key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()}


def networks(**changes: Any) -> dict[str, Any]:
    return {site: entry | changes.get(site, {}) for site, entry in NETWORKS.items()}


def peers(site: str, **changes: Any) -> dict[str, Any]:
    return {site: JOINED["peers"][site] | changes}


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_committed_settings_make_a_site(cloud: str) -> None:
    """It turns each committed stack into a spec, with all sizes in neutral units."""
    spec = parse(values(cloud), cloud)

    assert (spec.site, spec.peers, spec.database.cpus, spec.service.cpus) == (cloud, (), 2, 1)
    assert spec.app_url == "https://www.social.example.org"


@pytest.mark.parametrize(("capacity", "minimum"), [("standby", 1), ("warm", 2), ("full", 4)])
def test_capacity_changes_the_service_alone(capacity: str, minimum: int) -> None:
    """It keeps the database at full size in every mode."""
    spec = parse(values(capacity=capacity), "aws")

    assert (spec.service.minimum, spec.service.maximum, spec.database.memory_mib) == (minimum, 12, 8192)


def test_peers_are_the_other_sites() -> None:
    """It takes the two other sites from the shared block, and only the addresses meant for this one."""
    spec = parse(values(peers=JOINED["peers"], link_keys=JOINED["link_keys"]), "aws")

    assert [(peer.site, peer.gateways) for peer in spec.linked] == [
        ("azure", ("198.51.100.30", "198.51.100.31")),
        ("gcp", ("198.51.100.20", "198.51.100.21")),
    ]


LINK = {"asn": 64603, "inside": {}}
VENDOR = {"name": "first", "host": "192.0.2.53", "port": 53, "zone": "social.example.org", "key_name": "lifeboat"}
TERMS = {"duration": 15, "renew_every": 5, "drift": 0.01, "guard": 0.5}

BAD = [
    (
        {"cluster": "A B"},
        f"{SHARED}cluster is 'A B'; it must be a name of up to 31 lower-case letters, digits and hyphens.",
    ),
    ({"takeover_mode": "never"}, f"{SHARED}takeover_mode is 'never'; it must be one of confirm, auto."),
    (
        {"lease_terms": {"duration": 15}},
        f"{SHARED}lease_terms must give drift, duration, guard, renew_every as numbers.",
    ),
    (
        {"lease_terms": TERMS | {"renew_every": 20}},
        f"{SHARED}lease_terms renews every 20 s a lease that its holder may count on 14.35 s.",
    ),
    ({"dns_vendors": [VENDOR]}, f"{SHARED}dns_vendors names first; it must name two vendors, each once."),
    (
        {"dns_vendors": [VENDOR, VENDOR | {"name": "second", "host": "ns.example"}]},
        f"{SHARED}dns_vendors reaches second at ns.example:53; it must be an IPv4 address and a port.",
    ),
    (
        {"dns_vendors": [VENDOR, VENDOR | {"name": "second", "zone": "other.example"}]},
        f"{SHARED}dns_vendors serves other.example, in which there is no www.social.example.org.",
    ),
    (
        {"acme_directory": "http://ca.example"},
        f"{SHARED}acme_directory is 'http://ca.example'; it must be the https URL of an ACME directory.",
    ),
    (
        {"dns_keys": {"first": "AAAA"}},
        f"{STACK}dns_keys.first must be set in secret to base64 of at least 16 bytes.",
    ),
    (
        {"public_keys": {"aws": "AAAA"}},
        "stacks/public-keys.json: public_keys gives aws a key that is not the base64 of 32 bytes.",
    ),
    ({"operators": {"ada": 1}}, "stacks/operators.json: operators must be a table of texts."),
    ({"cloud": "ibm"}, f"{STACK}cloud is 'ibm'; it must be one of aws, gcp, azure."),
    (
        {"region": "eu-west-9"},
        f"{STACK}region is 'eu-west-9', which is no region of aws in infra/regions.py; did you mean eu-west-3?",
    ),
    ({"region": "europe"}, f"{STACK}region is 'europe', which is no region of aws in infra/regions.py."),
    ({"zones": ["eu-west-1a"]}, f"{STACK}zones is ['eu-west-1a']; it must name two different zones of eu-west-1."),
    ({"zones": "a"}, f"{STACK}zones must be a list."),
    ({"account": "12"}, f"{STACK}account is '12'; it must be an AWS account number of 12 digits."),
    (
        {"repository": "lifeboat:latest"},
        f"{STACK}repository is 'lifeboat:latest'; it must be this site's own, without a tag: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME.",
    ),
    (
        {"image_digest": "latest"},
        f"{SHARED}image_digest is 'latest'; it must be sha256: and 64 hexadecimal digits; a tag can change under a running site.",
    ),
    (
        {"hostname": "example.org"},
        f"{SHARED}hostname is 'example.org'; it must be a lower-case name of up to 64 characters (a certificate's common name) below your domain, such as www.example.org (an apex cannot be a CNAME).",
    ),
    (
        {"retention_locked": "false"},
        f"{STACK}retention_locked is false; aws locks as it makes the stores, so it must be true.",
    ),
    ({"capacity": "huge"}, f"{SHARED}capacity is 'huge'; it must be one of standby, warm, full."),
    (
        {"max_upload_mib": 31},
        f"{SHARED}max_upload_mib is 31; it must lie between 1 and 30 (Cloud Run refuses requests over 32 MiB).",
    ),
    ({"max_upload_mib": "much"}, f"{SHARED}max_upload_mib is 'much'; it must be a whole number."),
    ({"retention_days": 36}, f"{SHARED}retention_days is 36; it must lie between 7 and 35."),
    (
        {"service_maximum_count": 3},
        f"{SHARED}service_maximum_count is 3; it must lie between 4 and 100 (no fewer than service_full_count).",
    ),
    (
        {"database_memory_mib": 9000},
        f"{SHARED}database_memory_mib is 9000, a size that not all three clouds have; the nearest is 8192.",
    ),
    (
        {"database_storage_gib": 100},
        f"{SHARED}database_storage_gib is 100, a size that not all three clouds have; the nearest is 128.",
    ),
    ({"hostnmae": "x"}, f"{SHARED}hostnmae is not a setting; did you mean hostname?"),
    ({"zzz": "x"}, f"{SHARED}zzz is not a setting; remove it."),
    ({"networks": {}}, f"{SHARED}networks names nothing; it must name aws, gcp, azure."),
    (
        {"networks": networks(gcp={"cidr": "10.10.128.0/20"})},
        f"{SHARED}networks gives aws 10.10.0.0/16 and gcp 10.10.128.0/20, which overlap; joined sites must not.",
    ),
    (
        {"networks": networks(gcp={"asn": 64601})},
        f"{SHARED}networks gives aws and gcp the same asn 64601; BGP between them needs two different ones.",
    ),
    (
        {"networks": networks(gcp={"asn": 65515})},
        f"{SHARED}networks.gcp has the asn 65515; it must be a private one, 64512 to 65514.",
    ),
    (
        {"networks": networks(aws={"cidr": "172.31.0.0/16"})},
        f"{SHARED}networks.aws has the cidr '172.31.0.0/16'; it must lie in 10.0.0.0/8, since the providers keep parts of the other private ranges for themselves.",
    ),
    (
        {"networks": networks(aws={"cidr": "10.10.1.0/16"})},
        f"{SHARED}networks.aws has the cidr '10.10.1.0/16'; it must be an IPv4 range without host bits, such as 10.10.0.0/16.",
    ),
    (
        {"networks": networks(aws={"cidr": "10.10.0.0/24"})},
        f"{SHARED}networks.aws has the cidr '10.10.0.0/24'; it must be a /16 to /20, so that its sixteenths are usable subnets.",
    ),
    ({"peers": {"ibm": {}}}, "stacks/peers.json: peers.ibm is no site; the sites are aws, gcp, azure."),
    (
        {"peers": {"gcp": {}}},
        "stacks/peers.json: peers.gcp is not what `lifeboat peers` writes. The site outputs cannot be used: format is missing; site is missing; cloud is missing; "
        "region is missing; app_url is missing; edge_target is missing; dns_records is missing; database_host is missing; "
        "database_port is missing; database_name is missing; database_cidr is missing; media_url is missing; lease_url is missing; "
        "ledger_url is missing; audit_url is missing; egress_address is missing; link is missing; identity is missing; "
        "entries is missing; image is missing; capacity is missing.",
    ),
    (
        {"peers": peers("gcp", media_url="az://x/y")},
        "stacks/peers.json: peers.gcp.media_url is 'az://x/y', which is no store URL of gcp.",
    ),
    (
        {"peers": peers("gcp", link=LINK | {"gateways": {"aws": ["198.51.100.1"]}})},
        "stacks/peers.json: peers.gcp.link.gateways.aws is ['198.51.100.1']; it must be empty, or the two or four IPv4 addresses of that site's gateway.",
    ),
    (
        {"peers": peers("gcp", identity=IDENTITIES["gcp"] | {"subjects": {"web": "1"}})},
        "stacks/peers.json: peers.gcp.identity must be empty, or have an issuer and the subjects of web, worker and agent.",
    ),
    (
        {"peers": peers("gcp", identity=IDENTITIES["gcp"] | {"issuer": "https://evil.example"})},
        "stacks/peers.json: peers.gcp.identity.issuer is 'https://evil.example', which does not sign tokens of gcp.",
    ),
    (
        {"peers": peers("azure", identity=IDENTITIES["azure"] | {"subjects": dict.fromkeys(PROCESSES, "*")})},
        "stacks/peers.json: peers.azure.identity.subjects.agent is '*', which names nobody at azure.",
    ),
    (
        {"peers": peers("gcp", entries={"aws": {"app": "x"}})},
        "stacks/peers.json: peers.gcp.entries.aws must be empty, or have app and agent, as that site's outputs give them.",
    ),
    (
        {"peers": peers("gcp"), "link_keys": {"gcp": "0" + "a" * 40}},
        f"{STACK}link_keys.gcp must be set in secret to 32 to 64 letters and digits, not beginning with 0, the same on both sides.",
    ),
    (
        {"secret_key": ""},
        f"{STACK}secret_key is not set; set it with `pulumi config set --secret secret_key --stack aws`.",
    ),
    ({"replication_password": "a b"}, f"{STACK}replication_password must be 24 to 64 letters and digits."),
]


@pytest.mark.parametrize(
    ("change", "sentence"), BAD, ids=[next(iter(change)) + f"-{number}" for number, (change, _) in enumerate(BAD)]
)
def test_a_bad_setting_gets_its_sentence(change: dict[str, Any], sentence: str) -> None:
    """It refuses one bad setting with one sentence that names its key and its file."""
    with pytest.raises(SettingsError) as refused:
        parse(values(**change), "aws")

    assert sentence in refused.value.problems


def test_every_problem_is_named_at_once() -> None:
    """It reports all bad keys of a stack together."""
    with pytest.raises(SettingsError) as refused:
        parse(values(region="x", account="1", max_upload_mib=99, secret_key=""), "aws")

    assert [problem.split("lifeboat:")[1].split(" ")[0] for problem in refused.value.problems] == [
        "region",
        "account",
        "max_upload_mib",
        "secret_key",
    ]


def test_a_secret_in_the_clear_is_refused_and_not_repeated() -> None:
    """It refuses a secret that was stored without encryption, and never prints one."""
    with pytest.raises(SettingsError) as refused:
        parse(values(replication_password="not safe, really"), "aws", clear_secrets=("secret_key",))

    assert f"{STACK}secret_key stands in clear" in str(refused.value)
    assert "not safe" not in str(refused.value)
    assert "recorded-without" not in str(refused.value)


def test_the_listed_regions_are_those_of_the_sdk() -> None:
    """It lists as regions of AWS none that the pinned SDK does not know, and every commercial one that it does."""
    source = (sdk.folder("aws") / "_enums.py").read_text()
    block = source[source.index("class Region(") :].split("\n@pulumi", 1)[0]

    known = set(re.findall(r'= "([a-z]+(?:-[a-z]+)+-\d)"', block))

    assert {name for name in known if not name.startswith(("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"))} == set(
        regions.AWS
    )
