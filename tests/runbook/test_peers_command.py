"""`lifeboat peers` and `lifeboat access revoke`, as an operator calls them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra import rules
from scripts.cli import build
from scripts.runbook.errors import BadSignature, UnusablePeers
from scripts.runbook.signing import Signer
from tests.runbook.test_peers import outputs_of


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A folder of stacks, with three public keys and the signed outputs of three sites beside it."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    signers = {site: Signer.create(site, tmp_path / f"{site}.pem") for site in rules.PROVIDERS}
    (folder / "public-keys.json").write_text(json.dumps({site: signer.public for site, signer in signers.items()}))
    for site in rules.PROVIDERS:
        (tmp_path / f"{site}.json").write_text(outputs_of(site).to_json())
        sign = ["peers", "sign", str(tmp_path / f"{site}.json"), "--key", str(tmp_path / f"{site}.pem")]
        run(*sign, "--out", str(tmp_path / f"{site}.signed"))
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(build(arguments), list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def files_of(stacks: Path) -> list[str]:
    return [str(stacks.parent / f"{site}.signed") for site in rules.PROVIDERS]


def test_nothing_is_written_without_a_yes(stacks: Path) -> None:
    """It shows the change and leaves the folder as it was."""
    said = run("peers", "collect", *files_of(stacks), "--stacks", str(stacks))

    assert '+    "lease_url": "gs://lease",' in said
    assert not (stacks / "peers.json").exists()


def test_three_sites_are_collected_and_one_is_shut_out(stacks: Path) -> None:
    """It writes one file from three, says so only once, and closes it to a site by one command."""
    collect = ["peers", "collect", *files_of(stacks), "--stacks", str(stacks), "--yes"]
    run(*collect)
    again = run(*collect)
    revoked = run("access", "revoke", "aws", "--stacks", str(stacks), "--yes")

    peers = json.loads((stacks / "peers.json").read_text())

    assert "already says so" in again
    assert "pulumi up --stack azure; pulumi up --stack gcp" in revoked
    assert (peers["aws"]["identity"], peers["aws"]["link"]) == ({}, {})
    assert peers["gcp"]["identity"] != {}
    assert peers["gcp"]["link"] != {}


def test_a_forged_file_changes_nothing(stacks: Path) -> None:
    """It refuses all files when one of them was not signed by its own site."""
    (stacks.parent / "gcp.signed").write_bytes((stacks.parent / "gcp.signed").read_bytes().replace(b"gs://", b"gs://x"))

    with pytest.raises(BadSignature):
        run("peers", "collect", *files_of(stacks), "--stacks", str(stacks), "--yes")

    assert not (stacks / "peers.json").exists()


def test_a_file_that_is_not_there_is_named(stacks: Path) -> None:
    """It names the missing file in one sentence."""
    with pytest.raises(UnusablePeers, match="nowhere cannot be read"):
        run("peers", "collect", str(stacks / "nowhere"), "--stacks", str(stacks))
