"""The certificate that nobody renews for us: ordered from an authority that asks real DNS, and put into a vault."""

import asyncio
import datetime
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import cast

import pytest

from scripts.runbook import acme_authority
from scripts.runbook.agent import certificate_keeper
from scripts.runbook.agent.alarms import Alarms
from scripts.runbook.agent.certificate_keeper import AGAIN_SECONDS, LOOK_SECONDS, keep_certificate
from scripts.runbook.agent.state import Agent
from scripts.runbook.certificate_renewal import NAME, RENEW_BEFORE_DAYS, Renewal
from scripts.runbook.errors import CertificateRefused, VendorsUnreachable
from scripts.runbook.nameserver import read_texts
from tests.conftest import free_port
from tests.embedded.neutral import NameServer
from tests.runbook.acme_double import Authority, Vault, serving

HOSTNAME = "www.social.test"
PROOF = f"_acme-challenge.{HOSTNAME}"


@dataclass
class World:
    """One authority, one vault, two DNS vendors."""

    authority: Authority
    vault: Vault
    servers: tuple[NameServer, NameServer]
    renewal: Renewal

    def agent(self) -> Agent:
        platform = SimpleNamespace(renewals={"azure": self.renewal})
        return cast("Agent", SimpleNamespace(site="azure", platform=platform, alarms=Alarms()))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NameServer, NameServer]]:
    folder = tmp_path_factory.mktemp("dns")
    made = NameServer(folder, "first"), NameServer(folder, "second")
    yield made
    for server in made:
        server.close()


@pytest.fixture
def world(servers: tuple[NameServer, NameServer], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        authority, vault = Authority(servers[1].port), Vault()
        for server in (authority, vault):
            stack.enter_context(serving(server))
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{vault.url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", Vault.HEADER)
        monkeypatch.setenv("AZURE_CLIENT_ID", "agent")
        asked = acme_authority.Authority(f"{authority.url}/directory", "oncall@social.example")
        yield World(
            authority, vault, servers, Renewal(vault.url, asked, HOSTNAME, tuple(one.vendor for one in servers))
        )


def test_a_certificate_is_ordered_proved_and_put_into_the_vault(world: World) -> None:
    """The vault then shows it with its chain, the proof is gone from both vendors, and it is due no more."""
    assert world.renewal.is_due(world.renewal.days_left())
    said: list[str] = []

    days = world.renewal.renew(said.append)

    (held,) = world.vault.held[NAME]
    assert held.subject.rfc4514_string() == f"CN={HOSTNAME}"
    assert world.vault.chains == [1]
    assert 89 < days <= 90
    assert world.renewal.days_left() == pytest.approx(days, abs=0.01)
    assert not world.renewal.is_due(days)
    assert world.authority.contacts == [["mailto:oncall@social.example"]]
    assert [read_texts(server.vendor, PROOF) for server in world.servers] == [(), ()]
    assert said == []


def test_a_proof_that_the_authority_does_not_see_is_refused_in_its_words(world: World) -> None:
    """It asks another name server than we wrote to: its sentence comes back, the vault keeps what it had."""
    world.renewal = replace(world.renewal, vendors=(world.servers[0].vendor,))

    with pytest.raises(CertificateRefused, match=rf"no certificate for {HOSTNAME}: DNS says \(\)"):
        world.renewal.renew(lambda sentence: None)

    assert world.vault.held == {}
    assert read_texts(world.servers[0].vendor, PROOF) == ()


def test_one_dead_vendor_stops_nothing_and_two_stop_before_the_authority_looks(world: World) -> None:
    """The authority may ask either; with nobody to publish the proof it is never told to look."""
    dead = replace(world.servers[0].vendor, port=free_port())
    said: list[str] = []
    replace(world.renewal, vendors=(dead, world.servers[1].vendor)).renew(said.append)
    looked = len(world.authority.seen)
    world.authority.valid, world.authority.seen = False, ()

    with pytest.raises(VendorsUnreachable, match="no DNS vendor publishes the proof"):
        replace(world.renewal, vendors=(dead,)).renew(said.append)

    assert looked == 1
    assert world.authority.seen == ()
    assert "first" in said[0]


def test_an_authority_s_refusal_is_one_sentence(world: World) -> None:
    """So is one that is not there."""
    world.authority.refuses = "this name is on a list of ours"
    with pytest.raises(CertificateRefused, match="this name is on a list of ours"):
        world.renewal.renew(lambda sentence: None)
    nobody = acme_authority.Authority(f"http://127.0.0.1:{free_port()}/directory", "a@b.example")

    with pytest.raises(CertificateRefused, match="gave no certificate"):
        replace(world.renewal, authority=nobody).renew(lambda sentence: None)


def test_the_agent_renews_what_is_due_and_leaves_what_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for a vault that has none, not again the next time; again when few days are left."""
    agent = world.agent()

    pauses = [asyncio.run(keep_certificate(agent)) for _ in range(2)]
    once = len(world.vault.held[NAME])
    monkeypatch.setattr(
        Renewal,
        "days_left",
        lambda self: RENEW_BEFORE_DAYS - datetime.timedelta(minutes=1) / datetime.timedelta(days=1),
    )
    world.authority.valid, world.authority.seen = False, ()
    asyncio.run(keep_certificate(agent))

    assert (pauses, once) == ([LOOK_SECONDS] * 2, 1)
    assert len(world.vault.held[NAME]) == 2


def test_the_agent_complains_until_it_succeeds(world: World) -> None:
    """A vault that refuses is an alarm with the vault's words, tried again an hour later, and gone when it works."""
    agent, world.vault.down = world.agent(), True

    refused = asyncio.run(keep_certificate(agent))
    complaint = agent.alarms.sentences
    world.vault.down = False
    asyncio.run(keep_certificate(agent))

    assert refused == AGAIN_SECONDS
    assert any("ForbiddenByFirewall" in one for one in complaint)
    assert not agent.alarms.sentences


def test_a_site_whose_provider_renews_has_nothing_to_do(world: World) -> None:
    """No vault is asked."""
    agent = cast("Agent", SimpleNamespace(site="aws", platform=SimpleNamespace(renewals={}), alarms=Alarms()))

    assert asyncio.run(certificate_keeper.keep_certificate(agent)) == LOOK_SECONDS
    assert world.vault.held == {}
