"""Case `scale`: what was measured, extrapolated to what is too large to run here.

It reads the figures of the cases startup, training, memory, ingest, graph and splitting in
results/bench/ and computes; docs/scaling.md says what follows. Two scenarios: ten million records
of 200 letters, and 100 datasets (each as in the default configuration) with 20 models and 50
repeats. Costs are core hours at the price a core hour of the environment variable PRICE (0.05).
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import graph
import pandas as pd
from measure import NOT_MEASURED, Figure

FOLDER = Path("results/bench")
PRICE = float(os.environ.get("PRICE") or 0.05)
LETTERS_MEASURED = 200
BYTES = {"record": 15, "role": 2.6, "prediction": 14, "model": 250_000}
"""On disk, measured by `ls`: identifier, label and offset of a record; its role in a fold; one
prediction of it (there are two a repeat, validation and test); a saved network."""


@dataclass(frozen=True)
class Scenario:
    """Sizes of a run; `networks` are those of the `models` that aren't baselines."""

    name: str
    datasets: int
    models: int
    networks: int
    repeats: int
    epochs: int
    records: int
    letters: int
    folds: int = 5

    @property
    def trainings(self) -> int:
        """Jobs that train a model."""
        return self.datasets * self.models * self.repeats


SCENARIOS = (
    Scenario("ten_million", 1, 5, 2, 2, 10, 10_000_000, 200),
    Scenario("many_runs", 100, 20, 17, 50, 30, 3_000, 100),
)


class Measured:
    """Figures of other cases, NaN where a case hasn't been run."""

    def __init__(self):
        self.tables = {
            path.stem: pd.read_csv(path, sep="\t").set_index("figure")["value"]
            for path in FOLDER.glob("*.tsv")
            if path.read_text().startswith("case\tfigure\t")
        }

    def __call__(self, case: str, figure: str) -> float:
        """Give a figure."""
        table = self.tables.get(case)
        return NOT_MEASURED if table is None else float(table.get(figure, NOT_MEASURED))

    def sizes(self, case: str, figure: str) -> list[tuple[int, float]]:
        """Give the figures `{figure}_{records}` of a case, in order of records."""
        table = self.tables.get(case, pd.Series(dtype=float))
        prefix = f"{figure}_"
        named = [name for name in table.index if name.startswith(prefix)]
        return sorted((int(name.removeprefix(prefix)), float(table[name])) for name in named)


def grown(sizes: list[tuple[int, float]], records: int) -> float:
    """Carry a power law through the two largest sizes on to more records."""
    if len(sizes) < 2:
        return NOT_MEASURED
    (n1, y1), (n2, y2) = sizes[-2:]
    return y2 * (records / n2) ** (math.log(y2 / y1) / math.log(n2 / n1))


def core_hours(at: Scenario, measured: Measured) -> float:
    """Give the core hours of training all networks."""
    rate = measured("training", "seqarena_one_job_one_thread_sequences_per_second")
    seen = at.records * (at.folds - 2) * at.epochs * at.letters / LETTERS_MEASURED
    a_job = measured("startup", "train_network_seconds") + seen / rate
    return at.datasets * at.networks * at.repeats * a_job / 3600


def figures_of(at: Scenario, measured: Measured) -> list[Figure]:
    """Compute the figures of a scenario."""
    jobs, trainings = (
        measured("graph", "seqarena_jobs"),
        graph.DATASETS * graph.MODELS * graph.REPEATS,
    )
    all_jobs = at.trainings + at.datasets * (jobs - trainings) / graph.DATASETS
    hours, letters = core_hours(at, measured), at.records * at.letters
    framework = measured("memory", "peak_mb_20000")
    kept = measured("memory", "bytes_per_letter_training") * letters / 2**20
    a_record = BYTES["record"] + BYTES["role"] * at.folds * at.repeats + at.letters
    a_training = 2 * BYTES["prediction"] * at.records + BYTES["model"] * at.folds
    disk = at.datasets * at.records * a_record + at.trainings * a_training
    ingested = at.records / measured("ingest", "records")
    grouping = grown(measured.sizes("splitting", "group_by_homology_seconds"), at.records)
    figures = [
        ("jobs", all_jobs, "jobs"),
        ("graph_seconds", measured("graph", "seqarena_seconds") * all_jobs / jobs, "s"),
        ("graph_mb", measured("graph", "seqarena_peak_mb") * all_jobs / jobs, "MB"),
        ("training_core_hours", hours, "h"),
        ("training_cost", hours * PRICE, "at PRICE a core hour"),
        ("training_job_mb", framework + kept, "MB"),
        ("ingest_seconds", measured("ingest", "seqarena_seconds") * ingested, "s"),
        ("grouping_by_homology_hours", at.datasets * grouping / 3600, "h"),
        ("disk_gb", disk / 2**30, "GB"),
    ]
    return [(f"{at.name}_{name}", value, unit) for name, value, unit in figures]


def main() -> None:
    """Compute both scenarios."""
    from table import write_figures

    measured = Measured()
    write_figures("scale", [figure for at in SCENARIOS for figure in figures_of(at, measured)])


if __name__ == "__main__":
    main()
