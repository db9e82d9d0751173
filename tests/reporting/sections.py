"""Results of one data set and of a run, as the report takes them."""

TABLES = (
    "metrics", "comparison", "diagnosis", "ranking", "thresholds", "similarity", "controls",
    "seeds", "learning_curve", "calibration", "reliability", "temperatures",
)  # fmt: skip


def leakage(n, found=None, share=None, **others):
    """Make an audit of `n` test records of which some (`found`: records by kind) are leaked."""
    found = found or {}
    kinds = {
        kind: {"records": found.get(kind, 0), "share": found.get(kind, 0) / n}
        for kind in ("copy", "reverse complement", "near copy", "relative")
    }
    total = sum(found.values())
    return {
        "threshold": 34, "threshold_source": "grouping", "both_strands": True, "mode": "k-fold",
        "test_records": n, "exact_records": n, "kinds": kinds,
        "leaked": {"records": total, "share": total / n if share is None else share},
        "conflicts": 0, "all_unknown": {"test": 0, "seen": 0},
        "residual_leak": {"share": total / n, "low": 0.0, "high": 0.02, "records": n,
                          "complete": True},
        "column_groups_on_both_sides": None,
        "duplicates": {"copies": 4, "reverse_complements": 0, "conflicting": 0},
        "verdict": "leaks" if total else "clean",
        "lines": [f"{total} test records are related to training records."] if total else [],
        "seconds": 1.2,
    } | others  # fmt: skip


def described(results):
    """Describe the targets as a summary does."""
    records = results.records
    if results.classes:
        counts = records["label"].value_counts().to_dict()
        return {"class_counts": {results.classes[i]: n for i, n in sorted(counts.items())}}
    if results.task == "multilabel":
        counts = {
            name: {"positive": int((records[name] == 1).sum()),
                   "negative": int((records[name] == 0).sum()),
                   "missing": int(records[name].isna().sum())}
            for name in results.targets
        }  # fmt: skip
        return {"label_counts": counts}
    if results.several:
        ranges = {
            name: {"low": float(records[name].min()), "high": float(records[name].max()),
                   "missing": int(records[name].isna().sum())}
            for name in results.targets
        }  # fmt: skip
        return {"target_ranges": ranges}
    return {"target_range": [float(records["label"].min()), float(records["label"].max())]}


def as_section(results, about=None, beyond_noise=True, figures=None):
    """Gather one data set's results as `render_report` takes them."""
    last = results.models[-1]
    return {
        "name": results.name,
        "about": about,
        "summary": {
            "task": results.task,
            "target": "label" if not results.several else f"{len(results.targets)} columns",
            "targets": results.targets,
            "classes": results.classes,
            "records": results.n,
            "length": 100,
            "lengths": {"min": 92, "median": 100, "max": 131},
            **described(results),
            "inputs": [{"path": "sequences.fasta", "sha256": "ab" * 32, "bytes": 345_678}],
            "changes": [{"what": "letters cut off to crop 12 records to 100 letters", "count": 83}],
            "notices": [{"what": "records that are exact copies of another", "count": 4}],
        },
        "settings": {"task": results.task, "ambiguous": "share", "split": {"folds": results.folds}},
        "evaluation": {"bootstrap": 1000, "equivalence": 0.01},
        "leakage": leakage(results.n),
        "splits": {
            "mode": "k-fold", "repeats": results.repeats, "folds": results.folds,
            "records": results.n, "groups": results.n // 2, "largest_group": 2, "unused": 0,
            "always_train": {"records": 0, "groups": 0, "reasons": []},
            "grouping": {"by": "homology", "groups": "none", "search": "built-in",
                         "threshold": 34, "clusters": results.n // 2},
            "roles": [
                {
                    "repeat": repeat, "fold": fold, "role": role, "n": size, "groups": size // 2,
                    "class_counts": {"background": size // 2, "motif": size - size // 2},
                }
                for repeat in range(results.repeats)
                for fold in range(results.folds)
                for role, size in (("train", 120), ("validation", 60), ("test", 60 + fold))
            ],
            "notices": [],
        },
        **{name: getattr(results, name) for name in TABLES},
        "headline": {
            "sentence": f"`{last}` predicts label best, 0.190 ahead of the baseline `linear`.",
            "beyond_noise": beyond_noise,
            "best_network": last,
            "best_baseline": "linear",
            "difference": 0.19, "low": 0.16, "high": 0.22, "p_adjusted": 0.0004,
            "cautions": ["Intervals from fewer than 50 groups are rough."],
        },
        "runs": results.runs,
        "figures": figures or {},
        "primary_metric": results.primary,
        "baselines": results.baselines,
    }  # fmt: skip


def provenance(configuration=None):
    """Make what `render_report` says of the run itself."""
    return {
        "config": configuration or {"seed": 1, "datasets": {"one": {"task": "binary"}}},
        "versions": {"python": "3.11.9", "numpy": "2.4.0"},
        "created": "2025-01-02T03:04:05+00:00",
        "command": "snakemake --cores all",
        "platform": {"system": "Linux", "machine": "x86_64"},
        "commit": None,
    }
