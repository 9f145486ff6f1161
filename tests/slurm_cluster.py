"""A SLURM cluster of one node, on this machine, for as long as a test needs it.

Needs root and Debian's packages slurm-wlm and munge. Keys, state, logs and settings lie in one folder; ports and the
socket of munge are its own, so neither a SLURM that runs here already nor its settings are touched.
"""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "squeue", "sinfo")
READY_SECONDS = 120.0
SETTINGS = """
ClusterName=tumorcast_test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=short Nodes=one Default=YES MaxTime=INFINITE State=UP
"""


class ClusterError(Exception):
    """The cluster did not come up; the text says what its daemons said."""


def why_not() -> str:
    """Why no cluster can be started here; empty where one can."""
    missing = [name for name in COMMANDS if not shutil.which(name, path=_path())]
    if missing:
        return f"no {', '.join(missing)}: Debian's packages slurm-wlm and munge bring them"
    if os.geteuid() != 0:
        return "only root can start a SLURM node"
    return ""


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables that lead commands to a running cluster, which ends with the block.

    folder: an empty one, with a path short enough for a socket. Raises ClusterError where it does not come up.
    """
    for part in ("state", "spool"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    settings = folder / "slurm.conf"
    controller_port, node_port = _free_ports(2)
    settings.write_text(
        SETTINGS.format(
            folder=folder, host=socket.gethostname().split(".")[0], controller_port=controller_port, node_port=node_port
        )
    )
    environment = {"SLURM_CONF": str(settings), "PATH": _path(), "USER": getpass.getuser()}
    munge = [f"--{name}-file={folder / 'munge'}.{name}" for name in ("log", "pid", "seed")]
    with ExitStack() as stack:
        stack.callback(end_steps, folder)  # when all daemons have ended
        _start(
            stack, folder, ["munged", "-F", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket", *munge]
        )
        _until(folder, "munge's socket", (folder / "munge.socket").exists)
        _start(stack, folder, ["slurmctld", "-D", "-c", "-f", str(settings)])
        _start(stack, folder, ["slurmd", "-D", "-c", "-f", str(settings)])
        _until(folder, "an idle node", lambda: _idle(environment))
        yield environment


def end_steps(folder: Path) -> None:
    """Kill what the node has started: job steps and their keepers outlive the node on purpose.

    A keeper (slurmstepd) hides its environment but holds the log of its node open.
    """
    for process in psutil.process_iter(["name", "environ"]):
        with suppress(psutil.Error):
            known = (process.info["environ"] or {}).get("SLURM_CONF", "").startswith(str(folder))
            keeper = process.info["name"].startswith("slurm") and any(
                Path(file.path).is_relative_to(folder) for file in process.open_files()
            )
            if (known or keeper) and process.pid != os.getpid():
                process.kill()


def _start(stack: ExitStack, folder: Path, command: list[str]) -> None:
    """Run a daemon in the foreground, and see to its end."""
    log = stack.enter_context((folder / f"{command[0]}.out").open("wb"))
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(folder / "slurm.conf")}
    daemon = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def end() -> None:
        daemon.terminate()
        with suppress(subprocess.TimeoutExpired):
            daemon.wait(timeout=10)
            return
        daemon.kill()
        daemon.wait()

    stack.callback(end)


def _idle(environment: dict[str, str]) -> bool:
    answer = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"], env={**os.environ, **environment}, capture_output=True, text=True
    )
    return answer.stdout.strip() == "idle"


def _until(folder: Path, what: str, reached) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            said = "\n".join(file.read_text(errors="replace")[-1500:] for file in sorted(folder.glob("*.out")))
            raise ClusterError(f"no {what} after {READY_SECONDS:.0f} s:\n{said}")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _path() -> str:
    """Daemons lie in sbin, which not every environment searches."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
