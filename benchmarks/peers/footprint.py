"""Memory of this process; the standard library only, since the peers' environment is not ours."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def _from_status(field: str) -> float:
    """Read a field of /proc/self/status in MiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def peak_mb() -> float:
    """Give the largest resident memory so far, in MiB.

    On Linux not by getrusage, which also counts the process that this one was forked from.
    """
    if STATUS.exists():
        return _from_status("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
