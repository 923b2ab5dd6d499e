"""One body of tests over all clouds: where they may differ is the table FACTS, and nothing else."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import clouds
from infra.outputs import SiteOutputs
from infra.spec import CAPABILITIES
from scripts.runbook import site_environment
from scripts.runbook.site_secrets import site_key
from tests.infra.recordings import JOINED, ROOT, Recording, dig, recording

PRESENT = object()
Fact = tuple[str, str, Any]

PACKAGES = ROOT / "infra" / "clouds"
CLOUDS = tuple(name for name in clouds.NAMES if (PACKAGES / name / "__init__.py").exists())


@dataclass(frozen=True)
class Facts:
    """Where one cloud shows what all must have: (type, path of an input, value), for every resource of the type."""

    encrypted: tuple[Fact, ...]
    private: tuple[Fact, ...]
    guarded: tuple[Fact, ...]
    tls: tuple[Fact, ...]
    two_zones: tuple[Fact, ...]
    protected: tuple[str, ...]
    logical: Callable[[Recording], bool]
    environment: Callable[[Recording, str], list[dict[str, Any]]]
    images: Callable[[Recording, str], set[str]]
    tunnels: tuple[str, int]


def _aws_container(found: Recording, process: str) -> dict[str, Any]:
    tasks = found.of_type("aws:ecs/taskDefinition:TaskDefinition")
    return json.loads(next(task["inputs"]["containerDefinitions"] for task in tasks if task["name"].endswith(process)))[
        0
    ]


def containers(found: Recording, process: str) -> list[dict[str, Any]]:
    """Return all that a process's container is told, secret or not, by name."""
    if found.cloud == "aws":
        container = _aws_container(found, process)
        return [*container["environment"], *container["secrets"]]
    return _gcp_container(found, process)["envs"] if found.cloud == "gcp" else _azure_container(found, process)["env"]


def _aws_logical(found: Recording) -> bool:
    (group,) = found.of_type("aws:rds/parameterGroup:ParameterGroup")
    wanted = {"name": "rds.logical_replication", "value": "1", "applyMethod": "pending-reboot"}
    return wanted in group["inputs"]["parameters"]


def _gcp_container(found: Recording, process: str) -> dict[str, Any]:
    kinds = ("gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/workerPool:WorkerPool")
    placed = [one for kind in kinds for one in found.of_type(kind)]
    return next(one["inputs"]["template"]["containers"][0] for one in placed if one["name"].endswith(process))


def _gcp_logical(found: Recording) -> bool:
    (instance,) = found.of_type("gcp:sql/databaseInstance:DatabaseInstance")
    return {"name": "cloudsql.logical_decoding", "value": "on"} in dig(instance["inputs"], "settings.databaseFlags")


def _azure_container(found: Recording, process: str) -> dict[str, Any]:
    apps = found.of_type("azure-native:app:ContainerApp")
    return next(app["inputs"]["template"]["containers"][0] for app in apps if app["name"].endswith(process))


def _azure_logical(found: Recording) -> bool:
    settings = [one["inputs"] for one in found.of_type("azure-native:dbforpostgresql:Configuration")]
    return ("wal_level", "logical") in {(one["configurationName"], one["value"]) for one in settings}


FACTS = {
    "aws": Facts(
        encrypted=(
            ("aws:rds/instance:Instance", "storageEncrypted", True),
            ("aws:rds/instance:Instance", "kmsKeyId", PRESENT),
            (
                "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
                "rules",
                PRESENT,
            ),
            ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", PRESENT),
            ("aws:secretsmanager/secret:Secret", "kmsKeyId", PRESENT),
        ),
        private=(
            ("aws:rds/instance:Instance", "publiclyAccessible", False),
            ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", True),
            ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "restrictPublicBuckets", True),
            ("aws:lb/loadBalancer:LoadBalancer", "internal", True),
            ("aws:ecs/service:Service", "networkConfiguration.assignPublicIp", False),
        ),
        guarded=(
            ("aws:rds/instance:Instance", "deletionProtection", True),
            ("aws:rds/instance:Instance", "deleteAutomatedBackups", False),
            ("aws:s3/bucket:Bucket", "forceDestroy", False),
            ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Enabled"),
        ),
        tls=(("aws:s3/bucketPolicy:BucketPolicy", "policy", PRESENT),),
        two_zones=(("aws:rds/instance:Instance", "multiAz", True),),
        protected=("aws:rds/instance:Instance", "aws:s3/bucket:Bucket", "aws:kms/key:Key"),
        logical=_aws_logical,
        environment=containers,
        images=lambda found, process: {_aws_container(found, process)["image"]},
        tunnels=("aws:ec2/vpnConnection:VpnConnection", 4),
    ),
    "gcp": Facts(
        encrypted=(
            ("gcp:sql/databaseInstance:DatabaseInstance", "encryptionKeyName", PRESENT),
            ("gcp:storage/bucket:Bucket", "encryption.defaultKmsKeyName", PRESENT),
            ("gcp:secretmanager/secret:Secret", "replication.userManaged.replicas", PRESENT),
        ),
        private=(
            ("gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.ipv4Enabled", False),
            ("gcp:storage/bucket:Bucket", "publicAccessPrevention", "enforced"),
            ("gcp:storage/bucket:Bucket", "uniformBucketLevelAccess", True),
            ("gcp:cloudrunv2/service:Service", "ingress", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),
        ),
        guarded=(
            ("gcp:sql/databaseInstance:DatabaseInstance", "deletionProtection", True),
            ("gcp:sql/databaseInstance:DatabaseInstance", "settings.deletionProtectionEnabled", True),
            ("gcp:sql/databaseInstance:DatabaseInstance", "settings.retainBackupsOnDelete", True),
            (
                "gcp:sql/databaseInstance:DatabaseInstance",
                "settings.backupConfiguration.pointInTimeRecoveryEnabled",
                True,
            ),
            ("gcp:storage/bucket:Bucket", "forceDestroy", False),
        ),
        tls=(("gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.sslMode", "ENCRYPTED_ONLY"),),
        two_zones=(("gcp:sql/databaseInstance:DatabaseInstance", "settings.availabilityType", "REGIONAL"),),
        protected=(
            "gcp:sql/databaseInstance:DatabaseInstance",
            "gcp:storage/bucket:Bucket",
            "gcp:kms/cryptoKey:CryptoKey",
        ),
        logical=_gcp_logical,
        environment=containers,
        images=lambda found, process: {_gcp_container(found, process)["image"]},
        tunnels=("gcp:compute/vPNTunnel:VPNTunnel", 6),
    ),
    "azure": Facts(
        encrypted=(
            ("azure-native:dbforpostgresql:Server", "dataEncryption.type", "AzureKeyVault"),
            ("azure-native:storage:StorageAccount", "encryption.keySource", "Microsoft.Keyvault"),
        ),
        private=(
            ("azure-native:dbforpostgresql:Server", "network.delegatedSubnetResourceId", PRESENT),
            ("azure-native:storage:StorageAccount", "allowBlobPublicAccess", False),
            ("azure-native:storage:StorageAccount", "allowSharedKeyAccess", False),
            ("azure-native:app:ManagedEnvironment", "vnetConfiguration.internal", True),
        ),
        guarded=(
            ("azure-native:authorization:ManagementLockByScope", "level", "CanNotDelete"),
            ("azure-native:keyvault:Vault", "properties.enablePurgeProtection", True),
        ),
        tls=(
            ("azure-native:storage:StorageAccount", "minimumTlsVersion", "TLS1_2"),
            ("azure-native:storage:StorageAccount", "enableHttpsTrafficOnly", True),
        ),
        two_zones=(("azure-native:dbforpostgresql:Server", "highAvailability.mode", "ZoneRedundant"),),
        protected=(
            "azure-native:dbforpostgresql:Server",
            "azure-native:storage:StorageAccount",
            "azure-native:keyvault:Key",
        ),
        logical=_azure_logical,
        # Which identity the container acts under: AWS and GCP put that into it unasked, Azure wants it written down.
        # And the edge's certificate is renewed by the agent here, by the provider there.
        environment=lambda found, process: [
            entry
            for entry in containers(found, process)
            if entry["name"] not in ("AZURE_CLIENT_ID", *site_environment.OF_VAULT)
        ],
        images=lambda found, process: {_azure_container(found, process)["image"]},
        tunnels=("azure-native:network:VirtualNetworkGatewayConnection", 6),
    ),
}

APP = {
    "SITE",
    "APP_URL",
    "PEER_ENTRIES",
    "DATABASE_URL",
    "MEDIA_URL",
    "MEDIA_PEERS",
    "SECRET_KEY",
    "VAPID_KEY",
    "ACKNOWLEDGE_TIMEOUT",
    "TRUSTED_PROXIES",
    "MAX_UPLOAD_MIB",
}
AGENT = {*site_environment.PLAIN, *site_environment.SECRET}
"""Exactly what the agent's reader of its environment asks for."""


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def alone(cloud: str) -> Recording:
    return recording(cloud)


@pytest.fixture
def joined(cloud: str) -> Recording:
    return recording(cloud, joined=True)


def missing(found: Recording, facts: tuple[Fact, ...]) -> list[str]:
    """Return every fact that a recording does not show, and every type of which it has no resource."""
    absent = [kind for kind, _, _ in facts if not found.of_type(kind)]
    return absent + [
        f"{kind} {one['name']}: {path} is {dig(one['inputs'], path)!r}"
        for kind, path, wanted in facts
        for one in found.of_type(kind)
        if not (
            dig(one["inputs"], path) not in (None, "", [], {})
            if wanted is PRESENT
            else dig(one["inputs"], path) == wanted
        )
    ]


def test_all_three_clouds_are_there() -> None:
    """It finds a package for every cloud by name."""
    assert CLOUDS == clouds.NAMES


def test_every_cloud_has_the_same_files(cloud: str) -> None:
    """It finds one file for each capability, whose class bears the capability's name."""
    sources = {file.stem: file.read_text() for file in (PACKAGES / cloud).glob("*.py")}

    lacking = [name for name in CAPABILITIES if f"class {name.capitalize()}(Capability):" not in sources.get(name, "")]

    assert lacking == []


def test_no_cloud_imports_another(cloud: str) -> None:
    """It refuses a cloud that borrows from another: the loss of one must not touch the other's program."""
    others = [name for name in clouds.NAMES if name != cloud]

    sources = [Path(file).read_text() for file in (PACKAGES / cloud).glob("*.py")]

    assert not [name for name in others for source in sources if f"infra.clouds.{name}" in source]


def test_every_cloud_has_the_same_tree(alone: Recording) -> None:
    """It finds one site with every capability below it, in every cloud under the same names."""
    components = {
        one["name"]: one["parent"] for one in alone.resources if one["type"].startswith("lifeboat:capability:")
    }

    assert components == {f"lifeboat-{name}": "lifeboat:site:Site::lifeboat" for name in CAPABILITIES}


def test_every_resource_belongs_to_a_capability(alone: Recording) -> None:
    """It finds no resource outside the tree, so a preview reads the same in three clouds."""
    owners = {f"{one['type']}::{one['name']}": one["parent"] for one in alone.resources}

    strays = [one["name"] for one in alone.provided() if not _below_capability(one, owners)]

    assert strays == []


def _below_capability(one: dict[str, Any], owners: dict[str, str]) -> bool:
    if one["type"].startswith("pulumi:providers:"):
        return True
    parent = one["parent"]
    while parent and not parent.startswith("lifeboat:capability:"):
        parent = owners.get(parent, "")
    return bool(parent)


@pytest.mark.parametrize("with_peers", [False, True])
def test_every_cloud_gives_the_same_outputs(cloud: str, with_peers: bool) -> None:
    """It gives outputs that SiteOutputs accepts, alone and joined."""
    outputs = SiteOutputs.read(recording(cloud, joined=with_peers).outputs)

    assert (outputs.site, outputs.cloud, outputs.database_name) == (cloud, cloud, "lifeboat")


@pytest.mark.parametrize("aspect", ["encrypted", "private", "guarded", "tls", "two_zones"])
def test_every_cloud_is_safe_in_the_same_ways(alone: Recording, aspect: str) -> None:
    """It shows each promise on every resource of the types that must keep it."""
    facts = getattr(FACTS[alone.cloud], aspect)

    assert missing(alone, facts) == []


def test_data_is_protected(alone: Recording) -> None:
    """It lets Pulumi delete nothing that holds data or the key to data."""
    kinds = FACTS[alone.cloud].protected

    unprotected = [one["name"] for kind in kinds for one in alone.of_type(kind) if not one["protect"]]

    assert all(alone.of_type(kind) for kind in kinds)
    assert unprotected == []


def test_every_resource_is_tagged(alone: Recording) -> None:
    """It marks whatever can carry a mark with its site and its capability."""
    taggable = [one for one in alone.provided() if one["tagged_by"] and not one["type"].startswith("pulumi:")]
    wanted = {"lifeboat-site", "lifeboat-capability"}

    untagged = [one["name"] for one in taggable if not wanted <= set(one["inputs"].get(one["tagged_by"], {}))]

    assert len(taggable) >= 5
    assert untagged == []


def test_logical_replication_is_on(alone: Recording) -> None:
    """It starts the database with logical replication."""
    assert FACTS[alone.cloud].logical(alone)


@pytest.mark.parametrize(("process", "names"), [("web", APP), ("worker", APP), ("agent", AGENT)])
def test_each_process_sees_the_same_environment(alone: Recording, process: str, names: set[str]) -> None:
    """It hands each process exactly the variables that it reads."""
    assert {entry["name"] for entry in FACTS[alone.cloud].environment(alone, process)} == names


def test_what_a_stack_tells_its_agent_is_a_whole_platform(joined: Recording) -> None:
    """It sets, on each cloud, what the agent's reader makes the same platform of: sites, keys, vendors and ways in."""
    told = FACTS[joined.cloud].environment(joined, "agent")
    plain = {entry["name"]: str(entry["value"]) for entry in told if "value" in entry}
    secrets = dict.fromkeys(site_environment.SECRET, "secret") | {
        "SIGNING_KEY": site_key(),
        "DNS_KEYS": json.dumps(dict.fromkeys(("first", "second"), 4 * "RG5zS2V5")),
    }

    assert set(plain) == set(site_environment.PLAIN)
    platform = site_environment.read(plain | secrets)

    assert platform.outputs == {site: SiteOutputs.read(entry) for site, entry in JOINED["peers"].items()}
    assert (platform.public_keys, platform.operators()) == (JOINED["public_keys"], JOINED["operators"])
    assert set(platform.ways) == set(platform.others(joined.cloud))
    assert [vendor.name for vendor in platform.vendors] == ["first", "second"]
    assert (platform.record_name, platform.mode) == ("www.social.example.org", "confirm")


def test_who_renews_the_certificate_knows_the_vault(joined: Recording) -> None:
    """On Azure the agent alone is told the vault and the authority, and may import; elsewhere the provider renews."""
    told = {
        process: {one["name"] for one in containers(joined, process)} & set(site_environment.OF_VAULT)
        for process in ("web", "worker", "agent")
    }

    assert told == {
        "web": set(),
        "worker": set(),
        "agent": set(site_environment.OF_VAULT if joined.cloud == "azure" else ()),
    }


def test_all_processes_run_one_image_by_digest(alone: Recording) -> None:
    """It runs one image, named by its digest, in all three processes."""
    images = {image for process in ("web", "worker", "agent") for image in FACTS[alone.cloud].images(alone, process)}

    assert images == {alone.outputs["image"]}


def test_no_secret_is_in_the_clear(joined: Recording) -> None:
    """It shows no secret setting and no password anywhere in a recording."""
    text = json.dumps([one["inputs"] for one in joined.resources])

    assert "recordedWithout" not in text
    assert "recorded-without" not in text
    assert "LinkKeyOfThePair" not in text
    assert ".result" not in text


def test_peers_add_tunnels_and_take_nothing_away(alone: Recording, joined: Recording) -> None:
    """It keeps every resource of the first round and adds the tunnels in the second."""
    kind, count = FACTS[alone.cloud].tunnels
    before, after = alone.by_place(), joined.by_place()

    changed = {place for place in before if after.get(place) != before[place] and "lifeboat-service" not in place[1]}

    assert set(before) <= set(after)
    assert {place[0] for place in changed} <= {"lifeboat:site:Site"} | ADDRESSED_TO_PEERS.get(alone.cloud, set())
    assert (len(alone.of_type(kind)), len(joined.of_type(kind))) == (0, count)


ADDRESSED_TO_PEERS: dict[str, set[str]] = {
    "azure": {"azure-native:network:VirtualNetworkGateway"},
}
"""Types that carry something for each peer and so change with the second round."""
