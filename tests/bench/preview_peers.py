"""What stands beside our preview: Terraform's plan of as many AWS resources, and Pulumi's own preview of the same stack."""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.engine.deployed import PROVIDERS, ROOT, some_secrets
from tests.engine.double import running
from tests.engine.harness import MISSING, Workspace, find_pulumi

PLUGINS = "LIFEBOAT_TERRAFORM_PLUGINS"
SECONDS = 300

PROVIDER = {
    "region": "eu-west-1",
    "access_key": "none",
    "secret_key": "none",
    **dict.fromkeys(("skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check"), True),
}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
SHORT_FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "aws:ec2/vpc:Vpc": ("aws_vpc", {"cidr_block": "10.10.0.0/16"}),
    "aws:ec2/subnet:Subnet": ("aws_subnet", {"vpc_id": "vpc-1", "cidr_block": "10.10.0.0/24"}),
    "aws:ec2/securityGroup:SecurityGroup": ("aws_security_group", {"vpc_id": "vpc-1"}),
    "aws:ec2/routeTable:RouteTable": ("aws_route_table", {"vpc_id": "vpc-1"}),
    "aws:iam/role:Role": ("aws_iam_role", {"assume_role_policy": TRUST}),
    "aws:kms/key:Key": ("aws_kms_key", {"enable_key_rotation": True}),
    "aws:s3/bucket:Bucket": ("aws_s3_bucket", {}),
    "aws:secretsmanager/secret:Secret": ("aws_secretsmanager_secret", {}),
    "aws:rds/instance:Instance": (
        "aws_db_instance",
        {
            "instance_class": "db.m7g.large",
            "engine": "postgres",
            "username": "a",
            "password": "anything",
            "allocated_storage": 64,
        },
    ),
}
OTHER = ("aws_cloudwatch_log_group", {"retention_in_days": 30})
"""The types of ours that Terraform takes in a line; a log group stands for each other one, so that the number is the same."""


def terraform_seconds(aws_types: list[str]) -> tuple[float | None, str]:
    """Return the wall time of `terraform plan`, or None and why it did not run."""
    plugins = os.environ.get(PLUGINS)
    if not plugins:
        return None, f"{PLUGINS} names no folder with Terraform's AWS provider"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        (Path(folder) / "main.tf.json").write_text(json.dumps(_configuration(aws_types)))
        try:
            _terraform(folder, environment, "init", f"-plugin-dir={plugins}")
            begin = time.perf_counter()
            _terraform(folder, environment, "plan", "-refresh=false", "-lock=false")
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            return None, f"terraform does not run: {' '.join(str(said).split())[:200]}"
        return time.perf_counter() - begin, ""


def _terraform(folder: str, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        ["terraform", arguments[0], "-input=false", "-no-color", *arguments[1:]],
        cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


def _configuration(aws_types: list[str]) -> dict[str, Any]:
    resources: dict[str, dict[str, Any]] = {}
    for kind, count in Counter(aws_types).items():
        token, inputs = SHORT_FORMS.get(kind, OTHER)
        for _ in range(count):
            known = resources.setdefault(token, {})
            known[f"r{len(known)}"] = inputs
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": PROVIDER},
        "resource": resources,
    }


def pulumi_seconds(cloud: str) -> tuple[float | None, str]:
    """Return the wall time of `pulumi preview` of our own stack against a provider double, or None and why."""
    if find_pulumi() is None:
        return None, MISSING
    with (
        tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder,
        running(PROVIDERS[cloud], "random") as doubles,
    ):
        workspace = Workspace(ROOT, Path(folder), doubles.attach)
        workspace.init(cloud, some_secrets())
        begin = time.perf_counter()
        workspace.run("preview", "--stack", cloud)
        return time.perf_counter() - begin, ""
