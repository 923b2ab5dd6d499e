"""What a provider's own command on this computer says, by whoever is logged in with it."""

import shutil
import subprocess

from scripts.runbook.errors import LifeboatError

SECONDS = 30.0


def said_by(program: str, *arguments: str, absent: str, refusal: type[LifeboatError]) -> str:
    """Return the one word that a provider's command prints.

    Raises `refusal`, with the sentence `absent` where the command is not here.
    """
    found = shutil.which(program)
    if found is None:
        raise refusal(absent)
    done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise refusal(f"`{' '.join((program, *arguments[:2]))}` failed: {done.stderr.strip()[:300]}")
    return done.stdout.strip()
