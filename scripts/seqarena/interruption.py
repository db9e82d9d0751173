"""What a killed run leaves running or locked, and how the next run and its jobs deal with it.

``kill -9`` of a workflow engine leaves its lock on the working directory, and its jobs go on
without it: they would write beside those of the next run. Three things of the kernel prevent this,
which it lets go the moment that a process is gone, however it went, so none is ever stale.

- A lifeline: a pipe with a name, which only the run can write to. When nobody can any more, the
  kernel kills the jobs that read it, or wakes their threads where it can't do that. Unlike a look
  at the parent's number this needs no polling, is right with a shell between the two, with a
  parent that nobody buried (a zombie) and with numbers used again; unlike a thread it doesn't
  wait for an operation that holds the interpreter, such as the import of TensorFlow.
- ``jobs.lock`` (`flock`): every job shares it before it writes anything. The next run goes on when
  it has been able to have it alone, so that no job of the killed run is alive then.
- ``runs.lock`` (`flock`): every living run shares it. Who gets it alone knows that no other run
  lives, so that a lock of the workflow engine was left by a killed one and can be removed.
"""

import atexit
import fcntl
import os
import signal
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import IO

#: Environment variable that tells a job where its run's lifeline is.
LIFELINE = "SEQARENA_LIFELINE"

#: Open files whose locks last as long as this process.
_held: list[IO] = []


def begin_run(folder: str | Path, engine_locks: str | Path) -> None:
    """Clear up after killed runs, and hold this one's locks until the process ends.

    Where the file system has no such locks, or can't be written, nothing is done.

    Parameters
    ----------
    folder : path-like
        Keeps the lock files of the working directory. Made if missing.
    engine_locks : path-like
        Folder of the lock files by which the workflow engine knows a working directory as
        taken. They are removed if they are a killed run's: no other run lives, and all that began
        since there was no such file began on this machine. (Some network file systems show no
        machine the locks of another.)
    """
    os.environ.pop(LIFELINE, None)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        runs = (folder / "runs.lock").open("a+")
        if _lock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB):
            locks = sorted(Path(engine_locks).glob("*.lock"))
            if not locks:
                runs.truncate(0)
            hosts = _add_host(runs)
            if hosts == {socket.gethostname()}:
                _clear(folder, locks)
            elif locks:
                _say(
                    f"runs in this folder began on {', '.join(sorted(hosts))}, and whether they "
                    "live can't be seen from here. If none does, say snakemake --unlock."
                )
        _lock(runs, fcntl.LOCK_SH)
        _add_host(runs)
    except OSError:
        return
    _held.append(runs)
    hold_lifeline(folder)


def hold_lifeline(folder: str | Path) -> None:
    """Hold a lifeline until this process ends, and tell its jobs of it by the environment."""
    # What is there is of a run that this process is a job of, perhaps on another machine.
    os.environ.pop(LIFELINE, None)
    path = Path(folder).absolute() / f"{uuid.uuid4().hex}.lifeline"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        os.open(path, os.O_RDWR)  # stays open; for writing alone it would wait for a reader
    except OSError:
        return
    os.environ[LIFELINE] = str(path)
    atexit.register(path.unlink, missing_ok=True)


def join_run() -> None:
    """End this process when its run does, at once if that is gone; to be called before all writing.

    Does nothing for a process that no run has started.
    """
    path = os.environ.get(LIFELINE)
    if not path:
        return
    try:
        _held.append(Path(path).with_name("jobs.lock").open("a+"))
        _lock(_held[-1], fcntl.LOCK_SH)
        line = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        _end()
    armed = _killed_with(line)
    if _is_gone(line):  # looked at when the kernel does already, so that no end is missed
        _end()
    if not armed:
        os.set_blocking(line, True)
        threading.Thread(target=lambda: _is_gone(line) and _end(), daemon=True).start()


def _killed_with(line: int) -> bool:
    """Have the kernel kill this process when nobody can write to a pipe; False if it can't."""
    try:
        fcntl.fcntl(line, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(line, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    except (AttributeError, OSError):
        return False
    return True


def _is_gone(line: int) -> bool:
    """Say whether nobody can write to a pipe; where reading it waits, wait for that."""
    try:
        return os.read(line, 1) == b""
    except BlockingIOError:
        return False


def _end() -> None:
    _say("the run that started this job is gone, so the job ends.")
    os._exit(1)


def _clear(folder: Path, locks: list[Path]) -> None:
    """Wait for the jobs of killed runs to end, and remove what those left; no other run lives."""
    with (folder / "jobs.lock").open("a+") as jobs:
        told = time.monotonic()
        while not _lock(jobs, fcntl.LOCK_EX | fcntl.LOCK_NB):
            if told and time.monotonic() > told + 5:
                _say(
                    "waiting for jobs of a killed run to end; those of a cluster can be cancelled."
                )
                told = None
            time.sleep(0.05)
        for path in [*folder.glob("*.lifeline"), *locks]:
            path.unlink(missing_ok=True)
    if locks:
        _say("the last run in this folder was killed. It left its lock, which is removed now.")


def _add_host(runs: IO) -> set[str]:
    """Add this machine to those that runs of the folder began on; give them all."""
    runs.seek(0)
    hosts = set(runs.read().split())
    if socket.gethostname() not in hosts:
        runs.write(f"{socket.gethostname()}\n")
        runs.flush()
    return hosts | {socket.gethostname()}


def _lock(file: IO, kind: int) -> bool:
    """Lock a file; False where it should not wait and another process has it."""
    try:
        fcntl.flock(file, kind)
    except BlockingIOError:
        return False
    return True


def _say(text: str) -> None:
    print(f"Seqarena: {text}", file=sys.stderr, flush=True)
