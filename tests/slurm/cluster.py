"""A real SLURM on this machine's loopback: one controller and two nodes of one core each.

Nothing outlives it: key, state, sockets and logs are in one temporary folder, ports are free ones,
and the daemons are children of this process.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
NODES = ("node1", "node2")
NODE_MB = 8_000
PARTITION = "arena"

# Both have what SLURM takes for a GPU each, so that a request for one can be met.
GPU_FILE = "/dev/null"

# No accounting, as on many small clusters. Memory is watched by the daemons themselves, since a
# container has no cgroups of its own to give away.
CONFIGURATION = """\
ClusterName=seqarena
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
MpiDefault=none
MinJobAge=3600
KillWait=2
ReturnToService=2
SchedulerParameters=batch_sched_delay=0
GresTypes=gpu
SlurmdParameters=config_overrides
{nodes}
PartitionName={partition} Nodes={names} Default=YES MaxTime=INFINITE State=UP
"""

# The executor asks ever more rarely, which is what most of the time would be spent on. Here it gets
# its answer as soon as one more job has ended, or after ten seconds.
SQUEUE = """\
#!/bin/sh
ended() { SQUEUE --noheader --states=all --format=%T | grep -cvE 'PENDING|RUNNING|COMPLETING'; }
case "$*" in *--states=all*)
  for look in $(seq 40); do
    [ "$(ended)" = "$(cat FOLDER/ended)" ] || break
    sleep 0.25
  done
  ended > FOLDER/ended
esac
exec SQUEUE "$@"
"""

# munged's options by the file that each names.
MUNGE_FILES = {
    "key-file": "key",
    "socket": "socket",
    "pid-file": "pid",
    "seed-file": "seed",
    "log-file": "munged.log",
}


def missing_programs() -> list[str]:
    """Name the programs of SLURM that this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if find(name) is None]


def find(program: str) -> str | None:
    """Find a program, also where only root's path has it."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Cluster:
    """The running cluster; `environment` is what a client needs to reach it."""

    def __init__(self, folder: Path):
        self.folder = folder
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def ask(self, *command: str) -> str:
        """Run a client of SLURM and give what it prints."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=30
        ).stdout

    def jobs(self) -> list[dict]:
        """List all jobs since the start: id, state, what they asked for, node and comment."""
        fields = {
            "id": "JobID",
            "state": "State",
            "memory": "MinMemory",
            "gpus": "tres-per-job",
            "node": "NodeList",
            "comment": "Comment",
        }
        form = ",".join(f"{field}:|" for field in fields.values())
        listing = self.ask(find("squeue"), "--states=all", "--noheader", f"--Format={form}")
        return [
            dict(zip(fields, line.split("|")[: len(fields)], strict=True))
            for line in listing.splitlines()
        ]

    def logs(self) -> str:
        """Give the ends of the daemons' logs."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )


def free_ports(n: int) -> list[int]:
    """Find ports of the loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def write_program(path: Path, text: str) -> None:
    """Write a script that can be run by its name."""
    path.write_text(text)
    path.chmod(0o755)


def write_configuration(folder: Path) -> None:
    """Write slurm.conf, munge's key, and what stands before squeue and srun."""
    controller_port, *ports = free_ports(1 + len(NODES))
    host = socket.gethostname().split(".")[0]
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
        f"CPUs=1 RealMemory={NODE_MB} Gres=gpu:1 State=UNKNOWN"
        for name, port in zip(NODES, ports, strict=True)
    )
    text = CONFIGURATION.format(
        host=host,
        controller_port=controller_port,
        folder=folder,
        nodes=nodes,
        partition=PARTITION,
        names=",".join(NODES),
    )
    (folder / "slurm.conf").write_text(text)
    (folder / "gres.conf").write_text(f"AutoDetect=off\nName=gpu File={GPU_FILE}\n")
    (folder / "state").mkdir()
    (folder / "bin").mkdir()
    (folder / "ended").write_text("0\n")
    squeue = SQUEUE.replace("SQUEUE", find("squeue")).replace("FOLDER", str(folder))
    write_program(folder / "bin/squeue", squeue)
    # Snakemake's executor takes SLURM_CONF away from srun: a cluster has its file in /etc.
    srun = f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {find("srun")} "$@"\n'
    write_program(folder / "bin/srun", srun)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)


def commands(folder: Path) -> list[list[str]]:
    """Give the commands of the daemons, all in the foreground, in the order of their start."""
    munged = [
        *(find("munged"), "--foreground", "--force", "--num-threads=2"),
        *(f"--{name}={folder}/munge.{ending}" for name, ending in MUNGE_FILES.items()),
    ]
    configuration = str(folder / "slurm.conf")
    controller = [find("slurmctld"), "-D", "-c", "-f", configuration]
    return [
        munged,
        controller,
        *([find("slurmd"), "-D", "-c", "-N", name, "-f", configuration] for name in NODES),
    ]


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start the cluster, wait for its nodes, and leave nothing of it."""
    folder = Path(tempfile.mkdtemp(prefix="seqarena-slurm-"))
    folder.chmod(0o755)  # munge's socket must be reachable by whoever runs a job
    cluster = Cluster(folder)
    daemons = []
    # A run that is asked to end cleans up as well.
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        write_configuration(folder)
        for number, command in enumerate(commands(folder)):
            daemons.append(start_daemon(command, folder / f"daemon{number}.log", cluster))
            if number == 0:
                wait_for((folder / "munge.socket").exists, cluster, "munge's socket")
        wait_for(lambda: all_idle(cluster), cluster, "the nodes")
        yield cluster
    finally:
        with contextlib.suppress(subprocess.SubprocessError, RuntimeError):
            cluster.ask("scancel", "--user=root")
            wait_for(lambda: all_idle(cluster), cluster, "the end of all jobs", seconds=20)
        for daemon in reversed(daemons):
            stop(daemon)
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, former)


def start_daemon(command: list[str], log: Path, cluster: Cluster) -> subprocess.Popen:
    """Start a daemon in a process group of its own."""
    with log.open("w") as handle:
        return subprocess.Popen(
            command,
            env={**os.environ, **cluster.environment},
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def all_idle(cluster: Cluster) -> bool:
    """Say whether all nodes are there and wait for work."""
    try:
        states = cluster.ask("sinfo", "--noheader", "--Node", "--format=%T").split()
    except subprocess.SubprocessError:
        return False
    return states == ["idle"] * len(NODES)


def wait_for(ready, cluster: Cluster, what: str, seconds: float = 60) -> None:
    """Wait until something is ready, or say what the daemons said."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come up in {seconds:.0f} s\n{cluster.logs()}")
        time.sleep(0.2)


def stop(daemon: subprocess.Popen) -> None:
    """Ask a daemon to end; make it end if it doesn't."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(daemon.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(timeout=10)
            return
