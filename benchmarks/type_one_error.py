"""Case `type_one_error`: how often each test of two models errs where neither is better.

Two models of equal skill on records that come in groups, many times over; a test at level 0.05
should reject in 5 % of the trials. The tests that take records or folds for independent are there
to show what that costs. The same with one model better gives the power. The table goes to
results/bench/type_one_error.tsv: a row a test and setting, with the share of trials that reject and
its 95 % interval (Wilson), and the share of trials in which the test has no answer.
"""

import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

# Many small matrices: threads would only get into each other's way. Read when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import null_data

TRIALS = 1000
LEVEL = 0.05
WORKERS = 2
TESTS = {
    "one test set": {
        "cluster-robust DeLong": null_data.robust_delong,
        "group bootstrap": null_data.group_bootstrap,
        "naive DeLong": null_data.naive_delong,
    },
    "10 x 5 folds": {
        "corrected t": null_data.corrected,
        "naive paired t": null_data.naive_t,
        "group bootstrap of one repeat": null_data.pooled_bootstrap,
    },
}
DRAW = {"one test set": null_data.draw_test_set, "10 x 5 folds": null_data.draw_folds}
GROUPS = {"one test set": (10, 20, 40, 100), "10 x 5 folds": (30, 60, 120)}
ADVANTAGE = {"one test set": 1.0, "10 x 5 folds": 0.4}
SETTINGS = [
    (design, n_groups, mixed, advantage)
    for design in DRAW
    for n_groups in GROUPS[design]
    for mixed in (False, True)
    for advantage in (0.0, ADVANTAGE[design])
]


def reject(design: str, n_groups: int, mixed: bool, advantage: float) -> list[dict]:
    """Run all trials of one setting; give a row for each test of the design."""
    from statsmodels.stats.proportion import proportion_confint

    p = {name: np.empty(TRIALS) for name in TESTS[design]}
    for trial in range(TRIALS):
        data = DRAW[design](
            np.random.default_rng(trial), n_groups, mixed=mixed, advantage=advantage
        )
        for name, test in TESTS[design].items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a single class leaves nothing to test
                p[name][trial] = test(data)
    rows = []
    for name, values in p.items():
        rejected = int((values < LEVEL).sum())
        low, high = proportion_confint(rejected, TRIALS, method="wilson")
        rows.append(
            {
                "test": name,
                "design": design,
                "groups": n_groups,
                "classes": "mixed within groups" if mixed else "one a group",
                "truth": "one is better" if advantage else "equally good",
                "rejected": rejected / TRIALS,
                "low": low,
                "high": high,
                "no_answer": float(np.isnan(values).mean()),
                "trials": TRIALS,
            }
        )
    return rows


def main() -> None:
    """Run all settings and print the table as Markdown."""
    started = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        results = list(pool.map(reject, *zip(*SETTINGS, strict=True)))
    table = pd.DataFrame([row for rows in results for row in rows])
    order = ["design", "truth", "test"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    path = Path("results/bench/type_one_error.tsv")
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False)
    print("| test | design | groups | classes | truth | rejected at 0.05 | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in table.itertuples():
        print(
            f"| {row.test} | {row.design} | {row.groups} | {row.classes} | {row.truth} "
            f"| {row.rejected:.3f} | {row.low:.3f} to {row.high:.3f} |"
        )
    print(f"\n{time.perf_counter() - started:.0f} s; {path}")


if __name__ == "__main__":
    main()
