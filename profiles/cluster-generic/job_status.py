"""Tell Snakemake how a job of PBS, LSF or SGE fares: running, success or failed.

Snakemake calls it by ``python job_status.py pbs|lsf|sge JOB``. Without an answer a job that the
scheduler killed, for its memory or time, would be waited for without end.
"""

import re
import subprocess
import sys
import time

PATIENCE = 3
"""Times that a scheduler is asked which gives no answer, with pauses of as many seconds."""


def ask(*command: str) -> str | None:
    """Give what a command prints, or None where it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (subprocess.CalledProcessError, OSError):
        return None


def pbs(job: str) -> str | None:
    """Ask PBS, also for jobs that have ended (-x); Torque calls the end C, PBS Pro F."""
    told = ask("qstat", "-x", "-f", job) or ask("qstat", "-f", job)
    if told is None:
        return None
    if not re.search(r"job_state = [CFX]", told):
        return "running"
    return "success" if re.search(r"exit_status = 0\b", told, re.IGNORECASE) else "failed"


def lsf(job: str) -> str | None:
    """Ask LSF, which keeps jobs that have ended for an hour (CLEAN_PERIOD)."""
    told = ask("bjobs", "-noheader", "-o", "stat", job)
    if not told or not told.strip():
        return None
    state = told.split()[0]
    return {"DONE": "success", "EXIT": "failed", "ZOMBI": "failed"}.get(state, "running")


def sge(job: str) -> str | None:
    """Ask SGE for a job in the queue, then its accounting for one that has ended."""
    if ask("qstat", "-j", job):
        return "running"
    told = ask("qacct", "-j", job)
    if told is None:
        return None
    ended_well = re.search(r"^failed +0\b", told, re.M) and re.search(
        r"^exit_status +0\b", told, re.M
    )
    return "success" if ended_well else "failed"


def status(scheduler: str, job: str) -> str:
    """Give a job's status; one that the scheduler doesn't know any more has failed."""
    for _ in range(PATIENCE):
        told = {"pbs": pbs, "lsf": lsf, "sge": sge}[scheduler](job)
        if told:
            return told
        time.sleep(PATIENCE)
    return "failed"


if __name__ == "__main__":
    print(status(*sys.argv[1:3]))
