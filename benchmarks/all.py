"""All cases that need no data but their own, one after another, each in a process of its own.

At the usual sizes they take about half an hour on two cores. A case that fails doesn't keep the
others from running; it is named at the end.
"""

import subprocess
import sys
import time
from pathlib import Path

CASES = (
    "startup",
    "encoding",
    "training",
    "inference",
    "memory",
    "ingest",
    "noop",
    "graph",
    "overhead",
    "growth",
    "splitting",
    "scale",
)


def main() -> int:
    """Run them; give the number of cases that failed."""
    failed = []
    for case in CASES:
        started = time.perf_counter()
        print(f"\n{case}\n", flush=True)
        command = [sys.executable, Path(__file__).with_name(f"{case}.py")]
        if subprocess.run(command).returncode:
            failed.append(case)
        print(f"{case}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
