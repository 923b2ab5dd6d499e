"""The pack on the real engine: `pulumi preview --policy-pack` lets our stacks through and stops one that breaks a rule."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.deployed import PRESENT, PROVIDERS, ROOT, some_secrets
from tests.engine.double import running
from tests.engine.harness import Workspace, require_pulumi

require_pulumi()
pytestmark = pytest.mark.engine

PACK = ROOT / "infra" / "policy" / "pack"


@pytest.mark.parametrize("cloud", PRESENT)
def test_the_engine_holds_the_rules(cloud: str, make_workspace: Callable[[Path, str], Workspace]) -> None:
    """It passes the site as described, with every rule loaded, and no cloud is touched."""
    with running(PROVIDERS[cloud], "random") as doubles:
        workspace = make_workspace(ROOT, doubles.attach)
        workspace.init(cloud, some_secrets())

        outcome = workspace.run("preview", "--stack", cloud, "--policy-pack", str(PACK))

        assert "lifeboat" in outcome.said
        assert "violation" not in outcome.said.lower().replace("0 violations", "")
        assert doubles[PROVIDERS[cloud]].estate.acts == []


def test_the_engine_stops_at_a_broken_rule(tmp_path: Path, make_workspace: Callable[[Path, str], Workspace]) -> None:
    """It refuses a preview of a program that opens the database, and names rule, benchmark and resource."""
    program = tmp_path / "open"
    (program / "infra").mkdir(parents=True)
    (program / "Pulumi.yaml").write_text((ROOT / "tests/engine/small_program/Pulumi.yaml").read_text())
    main = program / "program" / "__main__.py"
    main.parent.mkdir()
    main.write_text(
        "import pulumi_aws as aws\n"
        'aws.rds.Instance("server", instance_class="db.t4g.micro", publicly_accessible=True, storage_encrypted=False)\n'
    )
    with running("aws", "random") as doubles:
        workspace = make_workspace(program, doubles.attach)
        workspace.init("open")

        outcome = workspace.run("preview", "--stack", "open", "--policy-pack", str(PACK), fails=True)

    assert "database-private (CIS 3.2.3, CKV_AWS_17, CKV_AWS_17)".replace(", CKV_AWS_17)", ")") in outcome.said
    assert "server has a public address" in outcome.said
