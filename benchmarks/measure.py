"""What the benchmarks share: processes and what they use, rounds, and figures from them."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))  # for all that import from here
PEERS = Path(os.environ.get("PEERS") or ROOT / ".venv-peers") / "bin/python"
"""Python of the environment that has what Seqarena is compared with; may be missing."""

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT / "scripts"),
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""Of the processes that are started: as it was before modules of ours were imported here and chose
settings of TensorFlow, which plain scripts would come to have too."""

Figure = tuple[str, float, str]
"""Name, value (NaN where it wasn't measured) and unit."""

NOT_MEASURED = float("nan")


@dataclass(frozen=True)
class Usage:
    """What a process and those that it started have used.

    Attributes
    ----------
    seconds, processor_seconds : float
        From start to end, and on all cores.
    peak_mb : float
        Resident memory of the largest of these processes, in MiB.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float


def size(default: int) -> int:
    """Give the number of records that the environment variable N asks for, or the usual one."""
    return int(os.environ.get("N") or default)


def rounds(default: int = 3) -> int:
    """Give the number of rounds that the environment variable ROUNDS asks for, or the usual one."""
    return int(os.environ.get("ROUNDS") or default)


def run_apart(command: Iterable[object], output: int | IO = subprocess.DEVNULL) -> Usage:
    """Run a command to its end; give what it used. `output` gets what it prints.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    arguments = [str(part) for part in command]
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        env=ENVIRONMENT,
        stdout=output,
        stderr=output,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Usage(time.perf_counter() - started, used.ru_utime + used.ru_stime, peak)


def start_asking(command: Iterable[object], **environment: str) -> subprocess.Popen:
    """Start a script that prints a JSON object as its last line; `answer` waits for it."""
    return subprocess.Popen(
        [str(part) for part in command],
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen) -> dict:
    """Wait for a script of `start_asking` and give the object that it printed."""
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{process.args} failed:\n{errors[-3000:]}")
    return json.loads(output.splitlines()[-1])


def ask(command: Iterable[object], **environment: str) -> dict:
    """Run a script to its end and give the JSON object that it prints as its last line."""
    return answer(start_asking(command, **environment))


def peer(script: str, *arguments: object) -> list[object]:
    """Give the command that runs a script of benchmarks/peers in the peers' environment."""
    return [PEERS, ROOT / "benchmarks/peers" / script, *arguments]


def peer_has(module: str) -> bool:
    """Say whether the peers' environment has a module, and say it on the terminal if not."""
    there = (
        PEERS.exists()
        and not subprocess.run([PEERS, "-c", f"import {module}"], capture_output=True).returncode
    )
    if not there:
        print(f"{module} isn't in {PEERS.parents[1].name}: measured without it", file=sys.stderr)
    return there


def alternate(contenders: dict[str, Callable[[], dict]], times: int) -> dict[str, list[dict]]:
    """Let contenders take turns, so that a machine whose speed drifts is fair to all.

    Parameters
    ----------
    contenders : dict of str to callable
        Each gives its figures.
    times : int
        Rounds.

    Returns
    -------
    dict of str to list of dict
        The figures of each, a round each.
    """
    measured = {name: [] for name in contenders}
    for number in range(1, times + 1):
        for name, run in contenders.items():
            print(f"round {number} of {times}: {name}", file=sys.stderr, flush=True)
            measured[name].append(run())
    return measured


def over_rounds(name: str, values: list[float], unit: str) -> list[Figure]:
    """Give median, lowest and highest of a figure."""
    if not values:
        return [(name, NOT_MEASURED, unit)]
    middle = (name, statistics.median(values), unit)
    if len(values) == 1:
        return [middle]
    return [middle, (f"{name}_lowest", min(values), unit), (f"{name}_highest", max(values), unit)]


def ratios(name: str, ours: list[float], theirs: list[float]) -> list[Figure]:
    """Give the ratio of what was measured in the same rounds: median, lowest and highest."""
    pairs = zip(ours, theirs, strict=False)
    return over_rounds(name, [one / other for one, other in pairs], "ratio")


def run_workflow(
    folder: Path, *arguments: object, cores: int, output: int | IO = subprocess.DEVNULL
) -> Usage:
    """Run the workflow in a folder; give what it used."""
    workflow = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
    options = ["--directory", folder, "--cores", cores, *arguments]
    return run_apart([*workflow, *options], output)
