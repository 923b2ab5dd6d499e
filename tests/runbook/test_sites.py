"""A platform's folder: read whole, or refused in one sentence that names the file."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.embedded.layout import Layout, LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import sites
from scripts.runbook.errors import BadTerms, LifeboatError, UnknownSite, UsageError
from scripts.runbook.signing import unseal
from tests.conftest import free_port

SITES = ("aws", "gcp", "azure")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give the files of three local sites of which no process runs."""
    made = decide(LocalSettings(tmp_path / "local", edge_port=free_port()), find_postgres())
    write_platform(made)
    return made


def test_what_was_written_is_what_the_runbook_reads(layout: Layout) -> None:
    """Sites in order, each with its outputs, the terms, the way in and a key that its own public key proves."""
    platform = sites.load(layout.folder)

    assert platform.sites == SITES
    assert platform.outputs == {site: layout.outputs(site) for site in SITES}
    assert platform.terms == layout.settings.terms
    assert platform.others("gcp") == ("aws", "azure")
    assert platform.journals == layout.folder / "journal"
    for site in SITES:
        assert f":{layout.ports[site].database}/lifeboat?" in platform.agent_url(site)
        assert unseal(platform.signer(site).seal({"a": 1}), platform.public_keys, site) == {"a": 1}
        assert sorted(platform.lease_stores().stores) == sorted(platform.ledger_stores().stores) == sorted(SITES)


def test_secrets_are_for_their_owner_alone(layout: Layout) -> None:
    """The way in, the stores' credentials and every key; what is shared holds none of them."""
    private = ["access.json", "store-credentials.json", *(f"keys/{site}.pem" for site in SITES), "keys/dns.tsig"]

    modes = {name: (layout.folder / name).stat().st_mode & 0o077 for name in private}

    assert modes == dict.fromkeys(private, 0)
    secrets = [word for one in layout.site_secrets.values() for word in (one.admin, *vars(one.passwords).values())]
    shared = "".join(path.read_text() for path in [layout.folder / "platform.json", *layout.folder.glob("outputs/*")])
    assert [word for word in secrets if word in shared] == []


def test_a_followers_way_in_is_bound_to_the_channel(layout: Layout) -> None:
    """SCRAM bound to TLS, no file on the follower, and a name that the publisher's log shows."""
    platform = sites.load(layout.folder)
    publisher = replace(platform.outputs["aws"], database_host="10.0.0.1", database_port=5432)

    conninfo = platform.conninfo(publisher, "gcp")

    assert conninfo.startswith("postgresql://lifeboat_replication:")
    assert "@10.0.0.1:5432/lifeboat?sslmode=require&channel_binding=require&" in conninfo
    assert "application_name=lifeboat_gcp" in conninfo
    assert "sslrootcert" not in conninfo


def test_an_unknown_site_is_named_with_those_there_are(layout: Layout) -> None:
    """One sentence; a known one comes back as it is."""
    platform = sites.load(layout.folder)

    with pytest.raises(UnknownSite) as refused:
        platform.known("mars")

    assert str(refused.value) == "There is no site mars; this platform has aws, gcp, azure."
    assert platform.known("gcp") == "gcp"


def edit(layout: Layout, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change one of the platform's JSON files."""
    path = layout.folder / name
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def refusal(layout: Layout) -> str:
    with pytest.raises(UsageError) as refused:
        sites.load(layout.folder)
    return str(refused.value)


def test_a_site_without_a_way_in_is_named_when_it_is_needed(layout: Layout) -> None:
    """A machine may reach some of the databases only."""
    edit(layout, "access.json", lambda value: value["agent_urls"].pop("aws"))
    platform = sites.load(layout.folder)

    with pytest.raises(UsageError) as refused:
        platform.agent_url("aws")

    assert str(refused.value) == (
        f"this machine has no way into the database of aws: {layout.folder / 'access.json'} does not name it"
    )


def test_an_operators_laptop_needs_no_way_into_any_database(layout: Layout) -> None:
    """Without access.json the register and the stores are reached all the same; a database is not."""
    (layout.folder / "access.json").unlink()
    platform = sites.load(layout.folder)

    assert platform.sites == SITES
    with pytest.raises(UsageError, match="no way into the database of aws"):
        platform.agent_url("aws")


def test_a_missing_file_is_named_with_what_to_do(layout: Layout) -> None:
    """Most often nothing was started in this folder."""
    (layout.folder / "platform.json").unlink()

    assert refusal(layout) == (
        f"{layout.folder / 'platform.json'} is not there: start the local sites with `lifeboat local up`, "
        "or name another folder with --dir"
    )


@pytest.mark.parametrize("name", ["platform.json", "access.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\xff", b"[" * 200_000])
def test_a_file_that_is_no_json_is_named(layout: Layout, name: str, content: bytes) -> None:
    """Torn, empty, binary, or nested without end."""
    (layout.folder / name).write_bytes(content)

    assert refusal(layout).startswith(f"{layout.folder / name} is not JSON (")


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    """So is a folder where the file should be."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / "platform.json").mkdir(parents=True)

    for folder in ("file", "folder"):
        with pytest.raises(UsageError, match=rf"^{tmp_path}/{folder}/platform\.json cannot be read \("):
            sites.load(tmp_path / folder)


WRONG = {
    "a list": ("platform.json", lambda value: value.clear()),
    "no terms": ("platform.json", lambda value: value.pop("terms")),
    "a strange term": ("platform.json", lambda value: value["terms"].update(colour=1)),
    "a term that is text": ("platform.json", lambda value: value["terms"].update(duration="10")),
    "sites that are a number": ("platform.json", lambda value: value.update(sites=3)),
    "keys that are a list": ("platform.json", lambda value: value.update(public_keys=["x"])),
    "a site without a key": ("platform.json", lambda value: value["public_keys"].pop("gcp")),
    "no password": ("access.json", lambda value: value.pop("replication_password")),
    "vendors that are text": ("access.json", lambda value: value.update(dns_vendors=["x"])),
    "a vendor with a strange part": ("access.json", lambda value: value["dns_vendors"][0].update(colour=1)),
    "urls that are a list": ("access.json", lambda value: value.update(agent_urls=["x"])),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_sentence(layout: Layout, name: str) -> None:
    """It names the two files and what is missing or misspelled, before anything is opened."""
    edit(layout, *WRONG[name])

    assert refusal(layout).startswith(f"{layout.folder}/platform.json or access.json lacks or misspells a setting (")


def test_terms_that_cannot_hold_are_refused(layout: Layout) -> None:
    """A renewal that comes after the end."""
    edit(layout, "platform.json", lambda value: value["terms"].update(renew_every=60))

    with pytest.raises(BadTerms):
        sites.load(layout.folder)


def test_outputs_name_their_own_problems(layout: Layout) -> None:
    """The file and every odd value in it; a missing file too."""
    edit(layout, "outputs/gcp.json", lambda value: value.update(database_port=0, capacity="tiny"))
    odd = refusal(layout)
    (layout.folder / "outputs" / "gcp.json").unlink()

    assert f"{layout.folder}/outputs/gcp.json" in odd
    assert "database_port is 0" in odd
    assert "capacity is 'tiny'" in odd
    assert f"{layout.folder}/outputs/gcp.json of site outputs cannot be read" in refusal(layout)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"s3": {}}', '{"mars": {}}'])
def test_bad_store_credentials_are_one_sentence(layout: Layout, content: str | None) -> None:
    """Missing, torn or of another shape: it names the file."""
    path = layout.credentials_file
    path.unlink() if content is None else path.write_text(content)
    platform = sites.load(layout.folder)

    with pytest.raises(LifeboatError, match=rf"in {path} "):
        platform.lease_stores()
