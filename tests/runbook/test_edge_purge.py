"""Making each cloud's edge forget a picture, against the three APIs in their documented forms; on AWS by its own client."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import SiteOutputs
from scripts.runbook import azure_identity, azure_management, edge_purge
from scripts.runbook.errors import PurgeRefused
from tests.infra.recordings import PEERS
from tests.runbook.acme_double import Server, serving
from tests.runbook.azure_double import SUBSCRIPTION, Subscription

NAME = "www.social.test"
KEYS = ("media/ab/one.jpg", "media/ab/one.webp")
PATHS = [f"/{key}" for key in KEYS]
SPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


def outputs(site: str) -> SiteOutputs:
    image = f"europe-west1-docker.pkg.dev/our-project/lifeboat/lifeboat@sha256:{64 * 'a'}"
    return replace(SiteOutputs.read(PEERS[site]), image=image)


class CloudFront(Server):
    """One account's distributions, by host name; `orders` are the invalidations it took."""

    def __init__(self) -> None:
        super().__init__()
        self.names = {"E1": "other.example", "E2": NAME}
        self.orders: dict[str, list[str]] = {}

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        headers = {"Content-Type": "text/xml"}
        if found := re.fullmatch(r"/2020-05-31/distribution/(\w+)/invalidation", path):
            self.orders[found[1]] = re.findall(r"<Path>(.*?)</Path>", body.decode())
            return (
                201,
                headers,
                f'<Invalidation xmlns="{SPACE}"><Id>I1</Id><Status>InProgress</Status></Invalidation>'.encode(),
            )
        items = "".join(
            f"<DistributionSummary><Id>{key}</Id><Aliases><Quantity>1</Quantity><Items><CNAME>{name}</CNAME></Items></Aliases>"
            "</DistributionSummary>"
            for key, name in self.names.items()
        )
        return 200, headers, (
            f'<DistributionList xmlns="{SPACE}"><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>'
            f"<Quantity>{len(self.names)}</Quantity><Items>{items}</Items></DistributionList>"
        ).encode()  # fmt: skip


class Compute(Server):
    """A project's URL maps; `orders` are what each was told to forget."""

    def __init__(self) -> None:
        super().__init__()
        self.maps: list[dict[str, str]] = [{"name": "edge", "defaultService": "web"}, {"name": "plain"}]
        self.orders: list[tuple[str, Any]] = []

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        if {name.lower(): value for name, value in told.items()}.get("authorization") != "Bearer token-of-gcloud":
            return 401, {}, b"{}"
        if path == "/projects/our-project/global/urlMaps":
            return 200, {}, json.dumps({"items": self.maps}).encode()
        if found := re.fullmatch(r"/projects/our-project/global/urlMaps/(\w+)/invalidateCache", path):
            self.orders.append((found[1], json.loads(body)))
            return 200, {}, b'{"status": "PENDING"}'
        return 404, {}, b"{}"


def test_cloudfront_is_told_by_the_distribution_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It orders one invalidation of both forms, at the one distribution that serves the name, and refuses to guess."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    with serving(CloudFront()) as cloud:
        assert isinstance(cloud, CloudFront)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", cloud.url)
        edge_purge.order(outputs("aws"), NAME, KEYS)
        cloud.names["E3"] = NAME
        with pytest.raises(PurgeRefused, match="has 2 CloudFront distributions"):
            edge_purge.order(outputs("aws"), NAME, KEYS)

    assert cloud.orders == {"E2": PATHS}


def a_program(folder: Path, name: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_google_is_told_path_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks with gcloud's token the URL map that leads somewhere, and names what Google refused."""
    a_program(tmp_path, "gcloud", "echo token-of-gcloud", monkeypatch)
    with serving(Compute()) as cloud:
        assert isinstance(cloud, Compute)
        monkeypatch.setattr(edge_purge, "COMPUTE", cloud.url)
        edge_purge.order(outputs("gcp"), NAME, KEYS)
        cloud.maps = [{"name": "plain"}]
        with pytest.raises(PurgeRefused, match="no URL map"):
            edge_purge.order(outputs("gcp"), NAME, KEYS)
        a_program(tmp_path, "gcloud", "echo another", monkeypatch)
        with pytest.raises(PurgeRefused, match="Google answered 401"):
            edge_purge.order(outputs("gcp"), NAME, KEYS)
        a_program(tmp_path, "gcloud", "echo you are not logged in >&2; exit 1", monkeypatch)
        with pytest.raises(PurgeRefused, match="not logged in"):
            edge_purge.order(outputs("gcp"), NAME, KEYS)

    assert cloud.orders == [("edge", {"host": NAME, "path": path}) for path in PATHS]


def test_front_door_is_told_by_the_site_of_its_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds the endpoint by its tag and names the paths and the host; another site has none there."""
    with serving(Subscription()) as azure:
        assert isinstance(azure, Subscription)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", Subscription.HEADER)
        monkeypatch.setenv("AZURE_CLIENT_ID", "operator")
        monkeypatch.setattr(azure_identity, "subscription", lambda: SUBSCRIPTION)
        monkeypatch.setattr(azure_management, "URL", azure.url)
        monkeypatch.setattr(
            edge_purge, "Management", lambda subscription: azure_management.Management(subscription, azure.url)
        )
        edge_purge.order(outputs("azure"), NAME, KEYS)
        with pytest.raises(PurgeRefused, match="no edge tagged lifeboat-site=elsewhere"):
            edge_purge.order(replace(outputs("azure"), site="elsewhere"), NAME, KEYS)

    assert azure.forgotten == [([NAME], PATHS)]
