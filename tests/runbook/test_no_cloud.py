"""A move needs no cloud's API: more capacity comes from each provider's own scaling, which nobody has to ask for."""

import subprocess
import sys

# A provider's library that is imported anywhere below an agent ends the process with its name.
REFUSE = """
import sys
class Refuse:
    clouds = ("boto3", "botocore", "google.cloud", "googleapiclient", "azure", "pulumi", "kubernetes")
    def find_spec(self, name, path=None, target=None):
        if name.startswith(self.clouds):
            sys.exit(f"an agent imports {name}")
sys.meta_path.insert(0, Refuse())
import scripts.runbook.agent.__main__
from scripts.runbook.verbs import VERBS
print(*(f"{verb.name}:{step.name}" for verb in VERBS.values() for step in verb.steps), sep="\\n")
"""

FAILOVER = [
    "win_epoch", "stop_applying", "take_tail", "promote", "replay_takedowns", "be_followed", "open_writes", "point_dns",
    "verify_outside", "settle_register",
]  # fmt: skip


def test_an_agent_and_all_its_steps_load_without_any_cloud_s_library() -> None:
    """What it cannot import it cannot call: not at the dead provider's, and not to scale at its own."""
    ended = subprocess.run([sys.executable, "-c", REFUSE], capture_output=True, text=True, timeout=90)

    assert ended.returncode == 0, ended.stderr
    steps = [line.partition(":") for line in ended.stdout.split()]
    assert [step for verb, _, step in steps if verb == "failover"] == FAILOVER
