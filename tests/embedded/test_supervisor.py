"""The supervisor: what it starts it can end, whole, and it never ends a stranger."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from scripts.embedded.supervisor import NEUTRAL, Program, Started, Supervisor
from scripts.runbook.errors import ProcessDied, UsageError
from tests.conftest import free_port

SLEEP = "import time; time.sleep(600)"
# A tree: the program, its child, and a grandchild whose parent has ended, so that it belongs to nobody but the group.
FAMILY = """
import subprocess, sys, time
folder = sys.argv[1]
sleep = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
middle = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])"
subprocess.Popen([sys.executable, "-c", sleep, folder + "/child"])
subprocess.run([sys.executable, "-c", middle, sleep, folder + "/orphan"])
time.sleep(600)
"""
DEAF = """
import signal, sys, time
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def python(site: str, name: str, script: str, *arguments: str) -> Program:
    return Program(site, name, [sys.executable, "-c", script, *arguments], {"PATH": os.defpath})


def waits_until(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def number_in(path: Path) -> int:
    assert waits_until(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def living(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """Give a supervisor of an empty folder, which ends what is left and is not patient."""
    monkeypatch.setattr("scripts.embedded.supervisor.SHUTDOWN_SECONDS", 0.5)
    (tmp_path / "sites").mkdir()
    made = Supervisor(tmp_path / "sites")
    yield made
    made.stop()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that the supervisor did not start."""
    process = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    yield process
    process.kill()
    process.wait(10)


def test_it_starts_a_program_with_a_log_and_a_note(supervisor: Supervisor) -> None:
    """Its words go to its log, its environment is only what was given, and another command finds it by the state file."""
    script = "import os, sys; print(sorted(os.environ), flush=True); print('err', file=sys.stderr); " + SLEEP

    started = supervisor.start(python("aws", "app", script))

    log = supervisor.folder / "logs" / "aws-app.log"
    assert waits_until(lambda: log.read_text().count("\n") == 2)
    assert "HOME" not in log.read_text()
    assert Supervisor.load(supervisor.folder).alive("aws") == [started]
    assert Supervisor.load(supervisor.folder).alive("gcp") == []


def test_each_site_is_one_group(supervisor: Supervisor) -> None:
    """Programs of one site share a process group, those of another have another, and neither is the caller's."""
    first, second = (supervisor.start(python("aws", name, SLEEP)) for name in ("app", "agent"))
    other = supervisor.start(python("gcp", "app", SLEEP))

    groups = [os.getpgid(one.pid) for one in (first, second, other)]

    assert groups[0] == groups[1] != groups[2]
    assert os.getpgid(0) not in groups
    assert groups == [first.group, second.group, other.group]


def test_a_killed_site_is_gone_to_the_last_grandchild(supervisor: Supervisor, tmp_path: Path) -> None:
    """Children end, and also an orphan that only the group still knows; the other site lives on."""
    supervisor.start(python("aws", "app", FAMILY, str(tmp_path)))
    other = supervisor.start(python("gcp", "app", SLEEP))
    child, orphan = number_in(tmp_path / "child"), number_in(tmp_path / "orphan")
    assert waits_until(lambda: psutil.Process(orphan).ppid() != child)

    ended = supervisor.kill("aws")

    assert ended == 3
    assert waits_until(lambda: not living(child) and not living(orphan))
    assert supervisor.alive("aws") == []
    assert supervisor.alive("gcp") == [other]


def test_one_program_of_a_site_can_be_killed_alone(supervisor: Supervisor) -> None:
    """The others of its group live on."""
    app = supervisor.start(python("aws", "app", SLEEP))
    supervisor.start(python("aws", "agent", SLEEP))

    ended = supervisor.kill("aws", "agent")

    assert ended == 1
    assert supervisor.alive("aws") == [app]


def test_killing_the_dead_ends_nobody(supervisor: Supervisor) -> None:
    """A site without a process, and one that was killed before."""
    supervisor.start(python("aws", "app", SLEEP))
    supervisor.kill("aws")

    assert supervisor.kill("aws") == 0
    assert supervisor.kill("mars") == 0


def noted(stranger: subprocess.Popen[bytes], *, older: float) -> Started:
    """Note a stranger's pid as if a process of ours had had it, `older` seconds before the stranger began."""
    process = psutil.Process(stranger.pid)
    return Started("aws", "app", stranger.pid, stranger.pid, process.create_time() - older)


@pytest.mark.parametrize("end", [lambda one: one.kill("aws"), lambda one: one.stop()], ids=["kill", "stop"])
def test_a_stranger_with_a_recycled_pid_lives(
    supervisor: Supervisor, stranger: subprocess.Popen[bytes], end: Callable[[Supervisor], int]
) -> None:
    """The pid and even the group are those of the state file, but the process began at another time."""
    supervisor.started = [noted(stranger, older=3600)]

    ended = end(supervisor)

    assert ended == 0
    assert stranger.poll() is None


def test_the_same_pid_and_time_is_our_own(supervisor: Supervisor, stranger: subprocess.Popen[bytes]) -> None:
    """So that the test above can fail: with the right time it is ended."""
    supervisor.started = [noted(stranger, older=0)]

    assert supervisor.kill("aws") == 1
    assert not living(stranger.pid)


def test_stop_leaves_nothing(supervisor: Supervisor, tmp_path: Path) -> None:
    """Programs, their children and orphans, every site; the state file names nobody any more."""
    supervisor.start(python("aws", "app", FAMILY, str(tmp_path)))
    supervisor.start(python(NEUTRAL, "dns", SLEEP))
    child, orphan = number_in(tmp_path / "child"), number_in(tmp_path / "orphan")
    everyone = [one.pid for one in supervisor.started] + [child, orphan]

    ended = Supervisor.load(supervisor.folder).stop()

    assert ended == 4
    assert [pid for pid in everyone if living(pid)] == []
    assert json.loads((supervisor.folder / "processes.json").read_text()) == []


def test_stop_also_ends_a_database_that_does_not_listen(supervisor: Supervisor) -> None:
    """One that ignores the request to shut down is ended the other way after a while."""
    deaf = supervisor.start(python("aws", "postgres", DEAF))
    assert waits_until(lambda: "deaf" in (supervisor.folder / "logs" / "aws-postgres.log").read_text())

    ended = supervisor.stop()

    assert ended == 1
    assert not living(deaf.pid)


def test_a_program_started_again_replaces_its_note(supervisor: Supervisor) -> None:
    """The state file names each program once, by its newest process."""
    supervisor.start(python("aws", "app", SLEEP))
    supervisor.kill("aws")

    again = supervisor.start(python("aws", "app", SLEEP))

    assert Supervisor.load(supervisor.folder).started == [again]


def test_a_program_that_ends_says_its_last_words(supervisor: Supervisor) -> None:
    """Whoever waits for its health hears them, with the log's place, long before the time-out."""
    started = supervisor.start(python("aws", "app", "raise SystemExit('no such port')"))

    began = time.monotonic()
    with pytest.raises(ProcessDied) as died:
        supervisor.wait_healthy(started, f"http://127.0.0.1:{free_port()}", 30)

    log = supervisor.folder / "logs" / "aws-app.log"
    assert str(died.value) == f"aws-app ended: no such port (whole log: {log})"
    assert time.monotonic() - began < 10


def test_a_program_that_does_not_answer_is_named(supervisor: Supervisor) -> None:
    """It lives, but nothing is served: after the time-out that is said."""
    started = supervisor.start(python("aws", "app", SLEEP))
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(ProcessDied, match=rf"^aws-app does not answer at {url} after 0\.2 s: "):
        supervisor.wait_healthy(started, url, 0.2)


def test_a_program_that_answers_is_healthy(supervisor: Supervisor) -> None:
    """It returns as soon as there is an answer."""
    port = free_port()
    served = Program("aws", "web", [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], {})
    started = supervisor.start(served)

    supervisor.wait_healthy(started, f"http://127.0.0.1:{port}/", 20)

    supervisor.must_live(started)


def test_a_program_that_is_not_there_is_one_sentence(supervisor: Supervisor) -> None:
    """It names the program and the reason, and notes nothing."""
    with pytest.raises(ProcessDied, match=r"^aws-app cannot be started: .*No such file or directory"):
        supervisor.start(Program("aws", "app", ["/nowhere/at/all"], {}))

    assert supervisor.started == []


@pytest.mark.parametrize("content", ["", "[", '[{"site": "aws"}]', '{"a": 1}', "[7]"])
def test_a_damaged_state_file_is_one_sentence(tmp_path: Path, content: str) -> None:
    """It names the file and what to do; it is not taken for an empty one, since processes may be running."""
    (tmp_path / "processes.json").write_text(content)

    with pytest.raises(UsageError, match=rf"^{tmp_path}/processes\.json cannot be read \("):
        Supervisor.load(tmp_path)


def test_a_folder_without_a_state_file_has_no_processes(tmp_path: Path) -> None:
    """Nothing is alive there, and stopping it ends nobody."""
    found = Supervisor.load(tmp_path / "absent")

    assert (found.started, found.alive("aws"), found.memory_mib()) == ([], [], {})


def test_memory_counts_each_living_program_with_its_children(supervisor: Supervisor, tmp_path: Path) -> None:
    """A tree of three Pythons weighs more than one; the dead weigh nothing."""
    supervisor.start(python("aws", "one", SLEEP))
    supervisor.start(python("gcp", "tree", FAMILY, str(tmp_path)))
    number_in(tmp_path / "child")
    supervisor.start(python("azure", "dead", SLEEP))
    supervisor.kill("azure")

    memory = supervisor.memory_mib()

    assert sorted(memory) == ["aws-one", "gcp-tree"]
    assert memory["gcp-tree"] > memory["aws-one"] > 1


def test_a_note_of_a_process_that_ended_finds_nobody(supervisor: Supervisor) -> None:
    """Also while its parent has not yet taken notice of its end, and under a pid that nobody has."""
    started = supervisor.start(python("aws", "app", "pass"))

    assert waits_until(lambda: started.find() is None)
    assert replace(started, pid=2**22 + 1).find() is None
