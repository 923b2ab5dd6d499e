"""What Pulumi's engine starts for `--policy-pack infra/policy/pack`."""

from infra.policy.engine import run_pack

run_pack()
