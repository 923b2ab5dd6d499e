"""What is peculiar to Google Cloud, seen in its recordings."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra.recordings import Recording, dig, recording

SDK_WARNS = "ignore::DeprecationWarning:pulumi_gcp"
"""The SDK warns of types of its own as soon as it is imported; nobody here uses those types."""


@pytest.fixture
def alone() -> Recording:
    return recording("gcp")


@pytest.fixture
def joined() -> Recording:
    return recording("gcp", joined=True)


def one(found: Recording, kind: str, name: str = "") -> dict[str, Any]:
    (only,) = [each for each in found.of_type(kind) if each["name"].endswith(name)]
    return only


def test_the_lease_keeps_nothing_and_the_ledger_everything(alone: Recording) -> None:
    """It leaves soft delete, versions and retention out of the lease, whose overwrites they would refuse or pile up."""
    lease = one(alone, "gcp:storage/bucket:Bucket", "lease")["inputs"]
    ledger = one(alone, "gcp:storage/bucket:Bucket", "ledger")["inputs"]

    assert dig(lease, "softDeletePolicy.retentionDurationSeconds") == 0
    assert dig(lease, "versioning.enabled") is False
    assert "retentionPolicy" not in lease
    assert ledger["retentionPolicy"] == {"retentionPeriod": str(35 * 24 * 3600), "isLocked": True}


def test_pictures_can_be_had_back(alone: Recording) -> None:
    """It keeps a deleted picture as a version and then by soft delete, together for the retention time."""
    media = one(alone, "gcp:storage/bucket:Bucket", "pictures")["inputs"]

    as_version = media["lifecycleRules"][0]["condition"]["daysSinceNoncurrentTime"]

    assert dig(media, "versioning.enabled") is True
    assert as_version + dig(media, "softDeletePolicy.retentionDurationSeconds") // (24 * 3600) == 35


def test_the_agent_may_not_delete_from_the_ledger(alone: Recording) -> None:
    """It grants read and create on the ledger, to the agent alone, and no right on the whole project to anybody."""
    grants = [grant["inputs"] for grant in alone.of_type("gcp:storage/bucketIAMMember:BucketIAMMember")]

    on_control = {
        (grant["member"], grant["bucket"].split(".")[0].removeprefix("lifeboat-control-"), grant["role"])
        for grant in grants
        if "control" in grant["bucket"]
    }

    assert on_control == {
        ("lifeboat-service-agent.member", "lease", "roles/storage.objectUser"),
        ("lifeboat-service-agent.member", "ledger", "roles/storage.objectViewer"),
        ("lifeboat-service-agent.member", "ledger", "roles/storage.objectCreator"),
    }
    assert not [found for found in alone.of_type("gcp:projects/iAMMember:IAMMember") if "-service-" in found["name"]]


def test_the_database_can_be_made_and_grown(alone: Recording) -> None:
    """It names the edition and a size that the edition has, and leaves grown storage alone."""
    instance = one(alone, "gcp:sql/databaseInstance:DatabaseInstance")
    settings = instance["inputs"]["settings"]

    assert (settings["edition"], settings["tier"]) == ("ENTERPRISE", "db-custom-2-8192")
    assert instance["ignore_changes"] == ["settings.diskSize"]
    assert "gcp:servicenetworking/connection:Connection::lifeboat-network-database" in instance["dependencies"]
    assert (
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember::lifeboat-database-key-for-database"
        in instance["property_dependencies"]["encryptionKeyName"]
    )


def test_every_password_is_write_only_and_renewed_when_it_changes(joined: Recording) -> None:
    """It hands no password to an argument that is read back, and puts a changing stamp beside each."""
    write_only = {
        "gcp:secretmanager/secretVersion:SecretVersion": "secretData",
        "gcp:sql/user:User": "password",
        "gcp:compute/vPNTunnel:VPNTunnel": "sharedSecret",
    }

    found = {kind: [each["inputs"] for each in joined.of_type(kind)] for kind in write_only}

    assert all(found.values())
    for kind, argument in write_only.items():
        assert all({f"{argument}Wo", f"{argument}WoVersion"} <= set(inputs) for inputs in found[kind])
        assert not [inputs for inputs in found[kind] if argument in inputs]


def test_nothing_leaves_unless_a_rule_says_so(alone: Recording) -> None:
    """It refuses everything at the end, and lets each process reach HTTPS and the database's port; the agent the name servers too."""
    rules = [rule["inputs"] for rule in alone.of_type("gcp:compute/firewall:Firewall")]

    refused = {rule["direction"] for rule in rules if rule.get("denies") == [{"protocol": "all"}]}
    allowed = {
        (rule["targetTags"][0], port, rule["destinationRanges"][0])
        for rule in rules
        for allow in rule.get("allows", [])
        for port in allow["ports"]
    }

    assert refused == {"INGRESS", "EGRESS"}
    assert allowed == {
        (f"lifeboat-service-{process}", port, where)
        for process in ("web", "worker", "agent")
        for port, where in (("443", "0.0.0.0/0"), ("5432", "10.30.16.0/20"))
    } | {("lifeboat-service-agent", "53", f"{host}/32") for host in ("192.0.2.53", "198.51.100.53")}


def test_the_link_tells_and_learns_no_more_than_it_must(joined: Recording) -> None:
    """It announces the database's range alone, hands the peers' ways on to it, and learns a peer's own range alone."""
    router = one(joined, "gcp:compute/router:Router", "link-router")["inputs"]
    handed_on = one(joined, "gcp:compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig")["inputs"]
    policies = joined.of_type("gcp:compute/routerRoutePolicy:RouterRoutePolicy")

    learned = {
        policy["name"]: [
            (term["match"]["expression"], term["actions"][0]["expression"]) for term in policy["inputs"]["terms"]
        ]
        for policy in policies
    }

    assert [found["range"] for found in router["bgp"]["advertisedIpRanges"]] == ["10.30.16.0/20"]
    assert (router["bgp"]["advertiseMode"], handed_on["exportCustomRoutes"]) == ("CUSTOM", True)
    for site, cidr in (("aws", "10.10.0.0/16"), ("azure", "10.20.0.0/16")):
        accept, drop = learned[f"lifeboat-link-from-{site}"]
        assert accept == (f"destination.inAnyRange([prefix('{cidr}').orLonger()])", "accept()")
        assert drop[1] == "drop()"
    assert all(peer["inputs"]["importPolicies"] for peer in joined.of_type("gcp:compute/routerPeer:RouterPeer"))


def test_tunnels_to_aws_use_both_ends_twice(joined: Recording) -> None:
    """It joins its two ends to the four of AWS in order, with the second address inside each range."""
    tunnels = sorted(
        (tunnel["name"], tunnel["inputs"]["vpnGatewayInterface"], tunnel["inputs"]["peerExternalGatewayInterface"])
        for tunnel in joined.of_type("gcp:compute/vPNTunnel:VPNTunnel")
        if "-aws-" in tunnel["name"]
    )
    first = one(joined, "gcp:compute/routerPeer:RouterPeer", "aws-1")["inputs"]

    assert [found[1:] for found in tunnels] == [(0, 0), (0, 1), (1, 2), (1, 3)]
    assert one(joined, "gcp:compute/externalVpnGateway:ExternalVpnGateway", "aws")["inputs"]["redundancyType"] == (
        "FOUR_IPS_REDUNDANCY"
    )
    assert int(first["ipAddress"].rpartition(".")[2]) == int(first["peerIpAddress"].rpartition(".")[2]) + 1


@pytest.mark.filterwarnings(SDK_WARNS)
def test_gateway_addresses_keep_their_order() -> None:
    """It gives the addresses in the order of the interfaces, whatever order the answer has."""
    from infra.clouds.gcp.link import _addresses

    ends: list[Any] = [SimpleNamespace(id=1, ip_address="192.0.2.2"), SimpleNamespace(id=0, ip_address="192.0.2.1")]

    assert _addresses(ends) == ["192.0.2.1", "192.0.2.2"]


def test_processes_never_sleep(alone: Recording) -> None:
    """It keeps the processor of web between requests, and runs worker and agent as pools of one."""
    (container,) = one(alone, "gcp:cloudrunv2/service:Service")["inputs"]["template"]["containers"]
    pools = alone.of_type("gcp:cloudrunv2/workerPool:WorkerPool")

    assert container["resources"]["cpuIdle"] is False
    assert {pool["name"]: dig(pool["inputs"], "scaling.manualInstanceCount") for pool in pools} == {
        "lifeboat-service-worker": 1,
        "lifeboat-service-agent": 1,
    }


@pytest.mark.filterwarnings(SDK_WARNS)
@pytest.mark.parametrize("plain", [None, ""])
def test_the_certificates_name_is_the_one_for_private_access(plain: str | None) -> None:
    """It takes the instance's own name for private services access, with its dot, before any other."""
    from infra.clouds.gcp.names import certified_name

    names: list[Any] = [
        SimpleNamespace(connection_type="PUBLIC", dns_scope="INSTANCE", name="a.sql.goog."),
        SimpleNamespace(connection_type="PRIVATE_SERVICES_ACCESS", dns_scope="CLUSTER", name="b.sql-psa.goog."),
        SimpleNamespace(connection_type="PRIVATE_SERVICES_ACCESS", dns_scope="INSTANCE", name="c.sql-psa.goog"),
    ]

    assert certified_name(names, plain) == "c.sql-psa.goog."


@pytest.mark.filterwarnings(SDK_WARNS)
def test_a_database_without_a_name_is_refused() -> None:
    """It refuses an instance whose certificate nobody could check."""
    from infra.clouds.gcp.names import certified_name

    with pytest.raises(ValueError, match="no name for private services access"):
        certified_name([], None)
