"""Kill a workflow again and again, start it by the same command, and compare what it comes to.

Moments follow the progress of the work, so that a slow machine is killed at the same ones.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

from .conftest import TINY_CONV1D

CONFIGURATION = {
    "seed": 3,
    "split": {"folds": 3, "repeats": 2},
    "grouping": {"by": "sequence"},
    "evaluation": {"bootstrap": 100},
    "datasets": {
        "tiny": {
            "task": "binary",
            "simulation": {"placement": "fixed", "n_records": 90, "length": 40},
            "models": ["majority", "conv1d"],
            "controls": {"permuted_labels": False, "shuffled_input": False},
        }
    },
    "models": {"majority": {"architecture": "majority"}, "conv1d": TINY_CONV1D},
}

#: Every table of the dataset, but neither figures nor the report, which take most of a tiny run.
TABLES = ("comparison.tsv", "similarity.tsv", "calibration.tsv", "tables/predictions.tsv")

VICTIMS = ("training", "worker", "snakemake")
NETWORK = "train_network"
NETWORK_RUNS = ("conv1d/repeat1", "conv1d/repeat2")

#: Keys of JSON files whose values are another at each run, or tell of kills. Keras numbers what
#: layers share by addresses in memory.
OF_A_RUN = {"seconds", "peak_memory_mb", "utilisation", "resumed", "created"}
OF_A_RUN |= {"peak_memory_mib", "date_saved", "shared_object_id"}
#: The same in the sentences of the report: times, memory, and the folder in the command.
IN_WORDS = re.compile(r"([\d.]+ h )?([\d.]+ min )?[\d.]+ (h|min|s|MiB)\b|/\S*(?=/tiny\.yaml)")


@dataclass
class Kill:
    """A kill, and what stood at that time.

    Attributes
    ----------
    victim, phase : str
        Who was killed, and what was being done.
    kept : dict of str to float
        Seconds of each fold kept, by `{model}/repeat{r}/fold{k}`.
    lost : set of str
        Trainings that ended by the kill before their run was written, by `{model}/repeat{r}`.
    orphans : list of psutil.Process
        Scripts that lost their Snakemake. (One that hadn't joined its run ends when it would.)
    """

    victim: str
    phase: str
    kept: dict[str, float]
    lost: set[str]
    orphans: list[psutil.Process]


@dataclass
class Count:
    """What came of all kills."""

    kills: list[Kill] = field(default_factory=list)
    starts: int = 0
    runs: int = 0
    locks_removed: int = 0
    files: int = 0
    looked_at: int = 0
    folds_kept: int = 0
    folds_resumed: int = 0
    problems: list[str] = field(default_factory=list)


class Victim:
    """A folder with the workflow, which is started, watched and killed.

    Parameters
    ----------
    folder : pathlib.Path
        Is made, as a copy of `original`.
    original : pathlib.Path
        A copy of the workflow for all runs of a test, which an edit meanwhile doesn't change.
    targets : tuple of str
        What Snakemake is asked for; nothing means all.
    """

    def __init__(self, folder: Path, original: Path, targets: tuple[str, ...]):
        shutil.copytree(original, folder)
        self.folder, self.results = folder, folder / "results"
        (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIGURATION))
        self.command = [sys.executable, "-m", "snakemake", "--cores", "2"]
        self.command += ["--configfile", "tiny.yaml", "--", *targets]
        self.seen: dict[int, tuple[str, float]] = {}
        self.output = ""

    def start(self) -> None:
        """Start Snakemake, by the same command each time."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with (self.folder / "output.txt").open("w") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, "PATH": path},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen = {}

    def end(self) -> int:
        """Wait for the end of Snakemake; give its status, and keep what it said."""
        self.process.wait()
        self.output = (self.folder / "output.txt").read_text()
        return self.process.returncode

    def workers(self) -> list[tuple[psutil.Process, str]]:
        """List the living scripts of this Snakemake with the names of their rules."""
        found = []
        try:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                rule = re.search(
                    r"\.snakemake/scripts/tmp\w+\.(\w+)\.py", " ".join(child.cmdline())
                )
                if rule and child.status() != psutil.STATUS_ZOMBIE:
                    found.append((child, rule[1]))
                    first = self.seen.get(child.pid, (rule[1], time.monotonic()))[1]
                    self.seen[child.pid] = (rule[1], first)
        except psutil.NoSuchProcess:
            pass
        return found

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Wait for a condition; False where Snakemake ends before."""
        deadline = time.monotonic() + 1200
        while not condition():
            assert time.monotonic() < deadline, f"{self.folder} stands still"
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return True

    def kept(self) -> dict[str, float]:
        """Give the seconds that each kept fold was trained for, by `{model}/repeat{r}/fold{k}`."""
        found = {}
        for path in self.results.glob("*/resume/*/repeat*/fold*/result.json"):
            try:
                result = json.loads(path.read_text())
            except FileNotFoundError:  # the dataset was evaluated meanwhile
                continue
            found["/".join(path.parts[-4:-1])] = result["info"]["seconds"]
        return found

    def unwritten(self, runs) -> set[str]:
        """Give those of some runs that have no run.json yet."""
        return {run for run in runs if not (self.results / f"tiny/runs/{run}/run.json").exists()}

    def run_of(self, worker: psutil.Process) -> str | None:
        """Name what a training script trains, by its log; None where it has none open yet."""
        try:
            logs = " ".join(file.path for file in worker.open_files())
        except psutil.Error:
            return None
        found = re.search(r"conv1d/repeat\d+", logs)
        return found[0] if found else None

    def phase(self, rule: str | None, run: str | None) -> str:
        """Say in a word or two what is being done."""
        if rule != NETWORK:
            return rule or "between jobs"
        folder = self.results / f"tiny/resume/{run}"
        if run is None or not folder.exists():
            return f"{rule}: starting"
        if list(folder.glob(".fold*")):
            return f"{rule}: keeping a fold"
        kept = len(list(folder.glob("fold*/result.json")))
        return f"{rule}: in fold {kept + 1}" if kept < 3 else f"{rule}: writing, ending"

    def alive(self) -> list[psutil.Process]:
        """List the living processes whose working directory is the folder."""
        here = str(self.folder)
        return [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == here and lives(p)]

    def clean(self) -> None:
        """End what still lives of the last start, and nothing else."""
        for process in self.alive():
            with suppress(psutil.NoSuchProcess):
                process.kill()


def durations(victim: Victim) -> dict[str, float]:
    """Run the workflow undisturbed; give how long each rule's script was seen, in seconds."""
    victim.start()
    last = {}
    while victim.process.poll() is None:
        for worker, _ in victim.workers():
            last[worker.pid] = time.monotonic()
        time.sleep(0.05)
    assert victim.end() == 0, victim.output
    return {rule: last[pid] - first for pid, (rule, first) in victim.seen.items()}


def kill_once(victim: Victim, usual: dict[str, float], rng: random.Random) -> Kill | None:
    """Wait for a moment drawn at random and kill a process; None where Snakemake ends before."""
    who = rng.choice(VICTIMS)
    trains = who == "training" or (who == "snakemake" and rng.random() < 0.5)
    trains = trains and bool(victim.unwritten(NETWORK_RUNS))
    if not _wait_for_moment(victim, trains, usual, rng):
        return None
    workers = victim.workers()
    rng.shuffle(workers)
    fitting = [pair for pair in workers if (pair[1] == NETWORK) == trains] or workers
    worker, rule = fitting[0] if fitting else (None, None)
    run = victim.run_of(worker) if rule == NETWORK else None
    phase, kept = victim.phase(rule, run), victim.kept()
    if who == "snakemake":
        lost = {victim.run_of(other) for other, name in workers if name == NETWORK}
        target = psutil.Process(victim.process.pid)
        orphans = [other for other, _ in workers if has_joined(other)]
    else:
        who = "training" if rule == NETWORK else "worker"
        target, lost, orphans = worker, {run}, []
    lost = victim.unwritten(lost - {None})
    try:
        target.kill()
    except (psutil.NoSuchProcess, AttributeError):  # it ended by itself
        return kill_once(victim, usual, rng)
    return Kill(who, phase, kept, lost, orphans)


def _wait_for_moment(victim, trains: bool, usual: dict[str, float], rng: random.Random) -> bool:
    """Wait for a moment of a training, or of one of the next scripts; False if the end comes."""
    if not trains:
        old, number = set(victim.seen), rng.randint(1, 2)

        def reached():
            victim.workers()
            new = [pid for pid in victim.seen if pid not in old]
            return len([pid for pid in new if victim.seen[pid][0] != NETWORK]) >= number

        if not victim.wait(reached):
            return False
        rule = list(victim.seen.values())[-1][0]
        time.sleep(rng.uniform(0, usual.get(rule, 1.0)))
        return victim.process.poll() is None
    if not victim.wait(lambda: any(rule == NETWORK for _, rule in victim.workers())):
        return False
    goal = rng.choice(("starting", "trains", "keeps", "kept", "kept", "written"))
    resume = victim.results / "tiny/resume/conv1d"
    before = victim.kept()
    conditions = {
        "starting": lambda: True,
        "trains": lambda: any(resume.glob("repeat*")),
        "keeps": lambda: any(resume.glob("repeat*/.fold*")),
        "kept": lambda: len(victim.kept()) > len(before),
        "written": lambda: any((victim.results / "tiny/runs/conv1d").glob("repeat*/folds/*.keras")),
    }
    alive = victim.wait(
        lambda: conditions[goal]() or not any(rule == NETWORK for _, rule in victim.workers())
    )
    if alive and goal != "keeps":
        time.sleep(rng.uniform(0, usual[NETWORK] / 2 if goal == "starting" else 1.0))
    return alive and victim.process.poll() is None


def run_disturbed(victim: Victim, reference: Path, usual, rng, count: Count, n: int) -> None:
    """Kill, start again, until the workflow is finished or `n` kills were done; then compare."""
    kills = []
    victim.start()
    count.starts += 1
    while True:
        kill = kill_once(victim, usual, rng) if len(count.kills) < n else None
        if kill:
            kills.append(kill)
            count.kills.append(kill)
            if kill.victim != "snakemake":
                continue
        status = victim.end()
        count.locks_removed += "It left its lock" in victim.output
        if status == 0:
            break
        if not kills:
            count.problems.append(f"{victim.folder} failed without a kill: {victim.output}")
            return
        victim.start()
        count.starts += 1
        looked_at, problems = differences(victim.results, reference, whole=False)
        count.looked_at += looked_at
        count.problems += problems
        if kill and victim.wait(lambda: bool(victim.workers())):
            count.problems += [f"{o} outlived its run" for o in kill.orphans if lives(o)]
    count.runs += 1
    looked_at, problems = differences(victim.results, reference, whole=True)
    count.files += looked_at
    count.problems += [*problems, *left_over(victim), *trained_again(victim, kills, count)]


def has_joined(worker: psutil.Process) -> bool:
    """Say whether a script shares the lock of jobs, as it does before it writes."""
    try:
        return any(file.path.endswith("jobs.lock") for file in worker.open_files())
    except psutil.Error:
        return False


def lives(process: psutil.Process) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def differences(results: Path, reference: Path, *, whole: bool) -> tuple[int, list[str]]:
    """Compare files with those of the undisturbed run.

    Every file in sight is whole at any time, since files appear by a change of name. So an
    unfinished run has the same ones, but fewer; hidden files and kept folds are not looked at then.
    """
    expected = {path.relative_to(reference) for path in reference.rglob("*") if path.is_file()}
    found = {path.relative_to(results) for path in results.rglob("*") if path.is_file()}
    if not whole:
        hidden = {path for path in found if any(part.startswith(".") for part in path.parts)}
        found -= hidden | {path for path in found if "resume" in path.parts}
    problems = [f"{results / path} is too many" for path in sorted(found - expected)]
    if whole:
        problems += [f"{results / path} is missing" for path in sorted(expected - found)]
    looked_at = 0
    for path in sorted(found & expected):
        try:
            same = content(results / path) == content(reference / path)
        except FileNotFoundError:
            same = not whole  # the next run has begun and removes what was not finished
        except (ValueError, zipfile.BadZipFile):
            same = False
        looked_at += 1
        if not same:
            problems.append(f"{results / path} is another than in the undisturbed run")
    return looked_at, problems


def content(path: Path):
    """Read what a file says apart from times, memory and what was resumed."""
    if path.suffix == ".json":
        return _lasting(json.loads(path.read_text()))
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        return {
            name: _lasting(json.loads(part)) if name.endswith(".json") else part
            for name, part in parts.items()
        }
    if path.suffix == ".svg":  # Matplotlib names what clips by addresses in memory
        return re.sub(rb"\bp[0-9a-f]{10}\b", b"", path.read_bytes())
    if path.name == "report.html":  # shows times; report.json has all that it says
        return path.read_text().rstrip().endswith("</html>")
    return path.read_bytes()


def _lasting(value):
    if isinstance(value, dict):
        return {key: _lasting(v) for key, v in value.items() if key not in OF_A_RUN}
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    return IN_WORDS.sub("", value) if isinstance(value, str) else value


def left_over(victim: Victim) -> list[str]:
    """List what no finished run may leave: empty folders of kept folds, locks, marks, processes."""
    state = victim.folder / ".snakemake"
    paths = [*victim.results.rglob("resume"), *state.glob("seqarena/*.lifeline")]
    paths += [*state.glob("locks/*.lock"), *(p for p in state.rglob("incomplete/*") if p.is_file())]
    return [f"{thing} is left over" for thing in (*paths, *victim.alive())]


def trained_again(victim: Victim, kills: list[Kill], count: Count) -> list[str]:
    """List the folds that were kept at a kill and aren't those of the finished run.

    A fold that was trained again would have other seconds; one whose training was killed says that
    it was resumed.
    """
    folds = {}
    for path in (victim.results / "tiny/runs").glob("conv1d/repeat*/run.json"):
        for fold in json.loads(path.read_text())["folds"]:
            folds["/".join((*path.parts[-3:-1], f"fold{fold['fold']}"))] = fold
    problems, kept = [], set()
    for kill in kills:
        for name, seconds in kill.kept.items():
            if folds[name]["seconds"] != seconds:
                problems.append(f"{victim.folder}: {name} was trained again")
            if name.rpartition("/")[0] in kill.lost:
                kept.add(name)
                if not folds[name]["resumed"]:
                    problems.append(f"{victim.folder}: {name} was not resumed")
    count.folds_kept += len(kept)
    count.folds_resumed += sum(fold["resumed"] for fold in folds.values())
    return problems


def table(count: Count) -> str:
    """Lay out what was done, for people."""
    phases = {kill.phase for kill in count.kills}
    rows = ["phase".ljust(28) + "".join(victim.rjust(11) for victim in VICTIMS)]
    for phase in [*sorted(phases), "all"]:
        numbers = [
            sum(kill.victim == victim and phase in (kill.phase, "all") for kill in count.kills)
            for victim in VICTIMS
        ]
        rows.append(phase.ljust(28) + "".join(f"{number:11}" for number in numbers))
    rows += [
        f"kills {len(count.kills)}, runs finished {count.runs}, starts {count.starts} (all by the "
        f"same command), locks of killed runs removed {count.locks_removed}",
        f"files compared with the undisturbed run: {count.files} of finished runs, "
        f"{count.looked_at} after kills",
        f"folds kept at the death of their training {count.folds_kept}, folds resumed "
        f"{count.folds_resumed}",
        f"scripts that lost their Snakemake {sum(len(kill.orphans) for kill in count.kills)}",
        f"problems {len(count.problems)}",
    ]
    return "\n".join(rows)
