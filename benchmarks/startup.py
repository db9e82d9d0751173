"""Case `startup`: seconds that a job spends before it begins.

Each import is in a fresh process, and the start of Python is taken off: TensorFlow alone, all that
a training job imports, and each of the other scripts of the rules. The slowest of these is to stay
under 2 seconds; where its time goes is printed.
"""

import statistics
import subprocess
import sys
from functools import partial

from measure import ROOT, alternate, over_rounds, rounds, run_apart

SCRIPTS = sorted(
    path.stem for path in (ROOT / "scripts").glob("*.py") if path.stem != "rule_script"
)
MOST_SECONDS = 2
SHOWN = 12


def where_time_goes(module: str) -> str:
    """Say which imports of a module take longest, by their cumulative time."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    printed = subprocess.run(
        command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True
    )
    lines = [line for line in printed.stderr.splitlines() if line.count("|") == 2]
    slowest = sorted(lines[1:], key=lambda line: -int(line.split("|")[1]))[:SHOWN]
    return "\n".join([lines[0], *slowest])


def main() -> None:
    """Import each in turn."""
    from table import write_figures

    codes = {"python": "pass", "tensorflow": "import tensorflow"}
    codes |= {script: f"import {script}" for script in SCRIPTS}
    contenders = {
        name: partial(run_apart, [sys.executable, "-c", code]) for name, code in codes.items()
    }
    measured = alternate(contenders, rounds())
    python = statistics.median(usage.seconds for usage in measured.pop("python"))
    seconds = {name: [u.seconds - python for u in runs] for name, runs in measured.items()}
    figures = [("python_start_seconds", python, "s")]
    for name in sorted(seconds, key=lambda name: -statistics.median(seconds[name])):
        figures += over_rounds(f"{name}_seconds", seconds[name], "s")
    others = [name for name in SCRIPTS if name != "train_network"]
    slowest = max(others, key=lambda name: statistics.median(seconds[name]))
    figures += over_rounds("slowest_analysis_script_seconds", seconds[slowest], "s")
    slow = sum(statistics.median(seconds[name]) >= MOST_SECONDS for name in others)
    figures.append((f"analysis_scripts_from_{MOST_SECONDS}_seconds", slow, "scripts"))
    write_figures("startup", [*figures, ("rounds", rounds(), "runs")])
    print(f"\n{slowest} is the slowest:\n{where_time_goes(slowest)}")


if __name__ == "__main__":
    main()
