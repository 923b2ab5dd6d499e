"""Small graphs made by hand, in the form in which a program is recorded."""

from collections.abc import Mapping
from typing import Any

from scripts.previewing.graph import Graph, read_graph

SITE = "lifeboat:site:Site::lifeboat"
INSTANCE = "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"

TABLE: Mapping[str, Any] = {
    INSTANCE: {
        "replaces": ["identifierPrefix", "kmsKeyId", "storageEncrypted"],
        "assumed": ["identifierPrefix"],
        "updates": ["instanceClass"],
        "sometimes": {"version": "replace unless it is newer"},
        "destroys": "every row",
        "page": "https://example.org/instance",
    },
    BUCKET: {"replaces": ["bucket"], "updates": [], "sometimes": {}, "destroys": "every object", "page": ""},
    VPC: {"replaces": ["cidrBlock"], "updates": [], "sometimes": {}, "destroys": "the network", "page": ""},
    SUBNET: {"replaces": ["vpcId"], "updates": [], "sometimes": {}, "destroys": "the subnet", "page": ""},
}


def component(kind: str, parent: str = SITE) -> dict[str, Any]:
    return resource(f"lifeboat:capability:{kind}", f"lifeboat-{kind.lower()}", parent=parent)


def resource(
    kind: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    parent: str = "lifeboat:capability:Vault::lifeboat-vault",
    **more: Any,
) -> dict[str, Any]:
    """Return one resource as the recorder writes it."""
    return {
        "type": kind,
        "name": name,
        "parent": parent,
        "provider": kind.partition(":")[0],
        "tagged_by": None,
        "inputs": dict(inputs or {}),
        "secrets": [],
        "dependencies": [],
        "property_dependencies": {},
        "protect": False,
        "ignore_changes": [],
    } | more


def recorded(*resources: dict[str, Any], cloud: str = "aws", **outputs: Any) -> dict[str, Any]:
    """Return a recording with the tree that every site has."""
    tree = [resource("lifeboat:site:Site", "lifeboat", parent=""), component("Vault"), component("Network")]
    return {"cloud": cloud, "resources": [*tree, *resources], "outputs": {"site": cloud, "region": "r"} | outputs}


def graph(*resources: dict[str, Any], cloud: str = "aws", **outputs: Any) -> Graph:
    return read_graph(recorded(*resources, cloud=cloud, **outputs), "made by hand")
