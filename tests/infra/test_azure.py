"""What is peculiar to Azure: the two ends of its gateway, its chained changes, its lock, its account-wide settings."""

from typing import Any

import pytest

from tests.infra.recordings import Recording, dig, recording

ENDS = ("first", "second")


@pytest.fixture
def alone() -> Recording:
    return recording("azure")


@pytest.fixture
def joined() -> Recording:
    return recording("azure", joined=True)


def named(found: Recording, kind: str, name: str) -> dict[str, Any]:
    return found.by_place()[(f"azure-native:{kind}", name)]["inputs"]


def end_of(identifier: str) -> str:
    return identifier.rpartition("/")[2]


def test_both_ends_of_the_gateway_know_their_inside_addresses(joined: Recording) -> None:
    """It gives each end the inside addresses of its own tunnels to all peers, none twice, all in Azure's range."""
    speaker = named(joined, "network:VirtualNetworkGateway", "lifeboat-link-gateway")["bgpSettings"]

    known = {end_of(one["ipconfigurationId"]): one["customBgpIpAddresses"] for one in speaker["bgpPeeringAddresses"]}

    addresses = [address for end in ENDS for address in known[end]]
    assert [len(known[end]) for end in ENDS] == [3, 3]
    assert len(set(addresses)) == 6
    assert all(address.startswith("169.254.21.") for address in addresses)


def test_each_connection_names_an_address_that_each_end_knows(joined: Recording) -> None:
    """It names an address at both ends in every connection, as an active-active gateway wants it."""
    speaker = named(joined, "network:VirtualNetworkGateway", "lifeboat-link-gateway")["bgpSettings"]
    known = {one["ipconfigurationId"]: one["customBgpIpAddresses"] for one in speaker["bgpPeeringAddresses"]}

    connections = joined.of_type("azure-native:network:VirtualNetworkGatewayConnection")
    named_ends = [one["inputs"]["gatewayCustomBgpIpAddresses"] for one in connections]

    assert [[end_of(entry["ipConfigurationId"]) for entry in entries] for entries in named_ends] == [list(ENDS)] * 6
    assert all(
        entry["customBgpIpAddress"] in known[entry["ipConfigurationId"]] for entries in named_ends for entry in entries
    )


def test_each_tunnel_is_used_once(joined: Recording) -> None:
    """It joins each inside address of ours with the one beside it in its range, in exactly one connection."""
    pairs = []
    for one in joined.of_type("azure-native:network:VirtualNetworkGatewayConnection"):
        far = named(joined, "network:LocalNetworkGateway", one["name"])["bgpSettings"]["bgpPeeringAddress"]
        ours = {entry["customBgpIpAddress"] for entry in one["inputs"]["gatewayCustomBgpIpAddresses"]}
        pairs += [(own, far) for own in ours if same_range(own, far)]

    assert len(pairs) == len(set(pairs)) == 6


def same_range(one: str, other: str) -> bool:
    return int(one.rpartition(".")[2]) // 4 == int(other.rpartition(".")[2]) // 4


@pytest.mark.parametrize("kind", ["dbforpostgresql:Configuration", "network:Subnet"])
def test_changes_of_one_thing_wait_for_each_other(alone: Recording, kind: str) -> None:
    """It chains the settings of the server, and the subnets: Azure refuses two changes of one thing at a time."""
    token = f"azure-native:{kind}"

    waits = [[name for name in one["dependencies"] if name.startswith(f"{token}::")] for one in alone.of_type(token)]

    assert sorted(map(len, waits)) == [0] + [1] * (len(waits) - 1)
    assert len({name for each in waits for name in each}) == len(waits) - 1


def test_slots_survive_a_failover_between_zones(alone: Recording) -> None:
    """It carries the slots over to the other zone's copy, which Azure does not by itself."""
    settings = {
        one["inputs"]["configurationName"]: one["inputs"]["value"]
        for one in alone.of_type("azure-native:dbforpostgresql:Configuration")
    }

    assert (settings["sync_replication_slots"], settings["hot_standby_feedback"]) == ("on", "on")
    assert "max_slot_wal_keep_size" not in settings


def test_the_lock_lies_on_the_server_alone(alone: Recording) -> None:
    """It locks nothing above the server: a lock that reaches the private name zone breaks Azure's own failover."""
    (lock,) = alone.of_type("azure-native:authorization:ManagementLockByScope")

    assert lock["property_dependencies"]["scope"] == ["azure-native:dbforpostgresql:Server::lifeboat-database-server"]


def test_the_lease_keeps_nothing_and_the_ledger_everything(alone: Recording) -> None:
    """It puts versions and retention on the ledger's account alone; on the lease's they would refuse the renewals."""
    settings = {
        part: named(alone, "storage:BlobServiceProperties", f"lifeboat-control-{part}") for part in ("lease", "ledger")
    }
    accounts = {part: named(alone, "storage:StorageAccount", f"lifeboat-control-{part}") for part in settings}

    assert [settings[part]["isVersioningEnabled"] for part in settings] == [False, True]
    assert [settings[part]["deleteRetentionPolicy"]["enabled"] for part in settings] == [False, True]
    assert "immutableStorageWithVersioning" not in accounts["lease"]
    assert dig(accounts["ledger"], "immutableStorageWithVersioning.immutabilityPolicy") == {
        "allowProtectedAppendWrites": False,
        "immutabilityPeriodSinceCreationInDays": 35,
        "state": "Unlocked",
    }


def test_the_database_is_open_to_three_ranges(joined: Recording) -> None:
    """It lets in the site's services, the server's own other half and the peers' databases, and refuses the rest."""
    rules = [
        one["inputs"] for one in joined.of_type("azure-native:network:SecurityRule") if "database-from" in one["name"]
    ]

    allowed = {rule["sourceAddressPrefix"] for rule in rules if rule["access"] == "Allow"}
    refused = [rule for rule in rules if rule["access"] == "Deny"]

    assert allowed == {"10.20.0.0/20", "10.20.16.0/20", "10.10.16.0/20", "10.30.16.0/20"}
    assert all(rule["destinationPortRanges"] == ["5432"] for rule in rules if rule["access"] == "Allow")
    assert [(rule["sourceAddressPrefix"], rule["priority"]) for rule in refused] == [("*", 4096)]


def test_no_two_rules_share_a_rank(joined: Recording) -> None:
    """It gives each rule of a group and a direction its own rank, as Azure insists."""
    rules = [one["inputs"] for one in joined.of_type("azure-native:network:SecurityRule")]

    ranks = [(rule["networkSecurityGroupName"], rule["direction"], rule["priority"]) for rule in rules]

    assert len(set(ranks)) == len(ranks) == 21


@pytest.mark.parametrize("process", ["web", "worker", "agent"])
def test_a_process_cannot_act_as_its_starter(alone: Recording, process: str) -> None:
    """It keeps the identity that reads the secrets out of the container, and tells the container its own."""
    app = named(alone, "app:ContainerApp", f"lifeboat-service-{process}")
    own, starter = f"lifeboat-service-{process}", f"lifeboat-service-{process}-starter"

    lifecycles = {one["identity"]: one["lifecycle"] for one in app["configuration"]["identitySettings"]}
    variables = {one["name"]: one.get("value") for one in app["template"]["containers"][0]["env"]}

    assert lifecycles == {f"{starter}-id": "None", f"{own}-id": "Main"}
    assert {one["identity"] for one in app["configuration"]["secrets"]} == {f"{starter}-id"}
    assert variables["AZURE_CLIENT_ID"] == f"{own}.clientId"


def test_nobody_may_delete_from_the_control_stores(alone: Recording) -> None:
    """It gives the agent, and no other process, a role of ours on the control stores, which cannot delete."""
    roles = {one["name"]: one for one in alone.of_type("azure-native:authorization:RoleDefinition")}
    role = roles["lifeboat-service-keeper"]
    grants = {
        one["name"]: one["property_dependencies"]["roleDefinitionId"]
        for one in alone.of_type("azure-native:authorization:RoleAssignment")
        if any("lifeboat-control" in name for name in one["property_dependencies"].get("scope", []))
        and not one["name"].startswith("lifeboat-control")
    }

    assert set(roles) == {"lifeboat-service-keeper", "lifeboat-service-renewer"}
    actions = [action.rpartition("/")[2] for action in role["inputs"]["permissions"][0]["dataActions"]]

    assert actions == ["read", "write"]
    assert grants == {
        f"lifeboat-service-agent-{part}": ["azure-native:authorization:RoleDefinition::lifeboat-service-keeper"]
        for part in ("lease", "ledger")
    }


@pytest.mark.parametrize(("locked", "state"), [("false", "Unlocked"), ("true", "Locked")])
def test_a_retention_that_was_locked_stays_asked_for(locked: str, state: str) -> None:
    """It makes both retentions open, and asks for locked ones once the stack says that they are: no `up` may undo it."""
    path = "immutableStorageWithVersioning.immutabilityPolicy.state"
    accounts = recording("azure", retention_locked=locked).of_type("azure-native:storage:StorageAccount")

    states = {one["name"]: dig(one["inputs"], path) for one in accounts if dig(one["inputs"], path)}

    assert states == {"lifeboat-control-ledger": state, "lifeboat-watch-audit": state}
