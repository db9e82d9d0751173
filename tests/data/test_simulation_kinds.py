"""Every kind of simulation keeps what it promises, and its truth is the truth."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from seqarena.data.alphabet import RNA, encode, reverse_complement
from seqarena.data.labels import Columns
from seqarena.data.preparation import prepare_dataset
from seqarena.data.simulation_kinds import FACTORS, LEVELS
from seqarena.data.simulation_parts import MOTIFS, write_simulation
from seqarena.data.simulations import SIMULATORS, simulate_kind, write_table
from seqarena.data.sources import read_fasta_records
from seqarena.data.table_sources import read_number_records
from seqarena.errors import InputError
from seqarena.simulation_settings import KINDS

OF_DNA = [kind for kind in KINDS if KINDS[kind].alphabet == "dna"]
NEEDED = {"motif": {"placement": "anywhere"}}


def simulated(kind, n_records=200, seed=1, **settings):
    return simulate_kind(kind, seed=seed, n_records=n_records, **NEEDED.get(kind, {}) | settings)


def settings_of(kind):
    """The settings that a kind's function takes."""
    return set(inspect.signature(SIMULATORS[kind]).parameters) - {"seed", "motif"}


@pytest.mark.parametrize("kind", KINDS)
def test_settings_are_those_of_the_function(kind):
    assert set(KINDS[kind].settings) == settings_of(kind)


def test_the_schema_has_all_kinds_and_settings(pytestconfig):
    path = pytestconfig.rootpath / "workflow/schemas/config.schema.yaml"
    properties = yaml.safe_load(path.read_text())["$defs"]["simulation"]["properties"]
    assert properties.pop("kind")["enum"] == list(KINDS)
    assert set(properties) == {key for kind in KINDS.values() for key in kind.settings}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_records(kind):
    first, again, other = (simulated(kind, n_records=60, seed=seed) for seed in (3, 3, 4))
    assert first.sequences == again.sequences
    pd.testing.assert_frame_equal(first.labels, again.labels)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert first.sequences != other.sequences or not first.labels.equals(other.labels)
    assert len(set(first.names)) == 60 and first.names == sorted(first.names)
    assert set(first.truth["record"]) == set(first.names)


@pytest.mark.parametrize("kind", [kind for kind in OF_DNA if kind != "motif"])
def test_each_slot_holds_what_the_truth_says(kind):
    simulation = simulated(kind)
    sequences = dict(zip(simulation.names, simulation.sequences, strict=True))
    taken = {}
    for row in simulation.truth.itertuples():
        end = row.start + len(row.instance)
        insert = encode(sequences[row.record])[0][row.start : end]
        insert = reverse_complement(insert) if row.strand == "-" else insert
        np.testing.assert_array_equal(insert, encode(row.instance)[0])
        assert len(row.instance) == len(MOTIFS[row.factor])
        places = taken.setdefault(row.record, set())
        assert not places & set(range(row.start, end))  # slots never overlap
        places |= set(range(row.start, end))
    assert set(simulation.truth["strand"]) == {"+", "-"}


@pytest.mark.parametrize("kind", OF_DNA)
def test_files_are_read_back(tmp_path, kind):
    simulation = simulated(kind)
    files = [tmp_path / name for name in ("sequences.fasta", "labels.tsv", "truth.tsv")]
    write_simulation(simulation, *files)
    labels = KINDS[kind].labels
    columns = Columns(tuple(labels.get("columns", ["label"])), weight=labels.get("weight"))
    records = read_fasta_records(files[0], columns, table=files[1])
    dataset = prepare_dataset(KINDS[kind].task, records, order=labels.get("order"))
    assert dataset.records["record"].tolist() == simulation.names
    assert dataset.summary["changes"] == []
    missing = np.isnan(dataset.targets).sum() if dataset.targets.ndim == 2 else 0
    assert missing == simulation.labels.isna().to_numpy().sum()
    assert dataset.padded == (kind == "unequal_lengths")


def share_of_gc(simulation):
    return np.array([(s.count("G") + s.count("C")) / len(s) for s in simulation.sequences])


@pytest.mark.parametrize("kind", ["multiclass", "unequal_lengths", "weights"])
def test_composition_tells_nothing(kind):
    simulation = simulated(kind, n_records=4000)
    features = np.stack([share_of_gc(simulation), [len(s) for s in simulation.sequences]], axis=1)
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    labels = simulation.labels["label"]
    accuracy = cross_val_score(LogisticRegression(), features, labels, cv=5).mean()
    assert accuracy < 1 / labels.nunique() + 0.035  # 4 standard errors


def sites(simulation):
    """Number of sites by record and factor, in the order of the records."""
    truth = simulation.truth[simulation.truth["kind"] == "site"]
    counts = pd.crosstab(truth["record"], truth["factor"])
    return counts.reindex(simulation.names, fill_value=0)


def test_the_class_is_the_factor_that_has_a_site():
    simulation = simulated("multiclass")
    counts = sites(simulation)
    assert (counts.sum(axis=1) == 1).all()
    assert counts.idxmax(axis=1).tolist() == simulation.labels["label"].tolist()
    assert set(simulation.labels["label"].value_counts()) == {66, 67}


def test_labels_are_independent_and_some_are_missing():
    simulation = simulated("multilabel", n_records=8000, missing=0.3)
    labels = simulation.labels.astype(float)
    known = labels.notna().to_numpy()
    # All three missing (0.027) becomes two missing.
    np.testing.assert_allclose(1 - known.mean(axis=0), 0.3 - 0.027 / 3, atol=0.02)
    assert known.any(axis=1).all()
    np.testing.assert_allclose(labels.mean(), [0.5, 0.3, 0.1], atol=0.02)
    assert labels.corr().to_numpy()[np.triu_indices(3, 1)] == pytest.approx(0, abs=0.06)
    assert not simulated("multilabel", missing=0).labels.isna().to_numpy().any()


def affinity_by_hand(sequence, factor):
    """The definition, letter by letter."""
    matrix = np.log2(np.array(MOTIFS[factor]) / 0.25)
    best = sum(max(row) for row in matrix)
    total = 0
    for strand in (encode(sequence)[0], reverse_complement(encode(sequence)[0])):
        for start in range(len(strand) - len(matrix) + 1):
            score = sum(matrix[i][strand[start + i]] for i in range(len(matrix)))
            total += max(score, 0)
    return total / best


def test_strengths_are_what_the_definition_says():
    simulation = simulated("regression_targets", n_records=20, noise=0)
    for name in FACTORS[:2]:
        by_hand = [affinity_by_hand(sequence, name) for sequence in simulation.sequences]
        np.testing.assert_allclose(simulation.labels[name], by_hand)
    product = simulation.labels[FACTORS[0]] * simulation.labels[FACTORS[1]]
    np.testing.assert_allclose(simulation.labels["both"], product)


def test_noise_is_a_share_of_the_variance():
    simulation = simulated("regression", n_records=5000, noise=0.2)
    truth = simulation.truth.drop_duplicates("record")["true_label"].to_numpy()
    assert np.corrcoef(truth, simulation.labels["label"])[0, 1] ** 2 == pytest.approx(0.8, abs=0.03)
    assert np.corrcoef(truth, sites(simulation).sum(axis=1))[0, 1] > 0.9


def test_levels_are_numbers_of_sites():
    simulation = simulated("ordinal", n_records=600)
    counts = sites(simulation).sum(axis=1).to_numpy()
    ranks = simulation.labels["label"].map(LEVELS.index)
    assert (ranks == np.searchsorted([1, 3], counts, side="right")).all()
    assert set(counts) == {0, 1, 2, 3, 4} and set(ranks.value_counts()) == {200}


def test_lengths_are_even_and_may_be_the_label():
    for label in ("motif", "length"):
        simulation = simulated("unequal_lengths", n_records=2000, label=label)
        lengths = np.array([len(sequence) for sequence in simulation.sequences])
        assert lengths.min() == 60 and lengths.max() == 200
        assert lengths.mean() == pytest.approx(130, abs=4)
        named = simulation.labels["label"].to_numpy()
        if label == "length":
            assert (named == np.where(lengths > 130, "long", "short")).all()
            assert set(simulation.truth["kind"]) == {"decoy"}
        else:
            assert lengths[named == "motif"].mean() == pytest.approx(130, abs=6)


def test_wrong_labels_have_the_low_weight():
    simulation = simulated("weights", n_records=4000)
    truth = simulation.truth
    right = truth["kind"].map({"site": "motif", "decoy": "decoy"}) == simulation.labels["label"]
    assert (right == ~truth["true_wrong"]).all()
    assert (simulation.labels["weight"][~right] == 0.1).all()
    assert (simulation.labels["weight"] == 0.1).mean() == pytest.approx(0.6, abs=0.03)
    assert (~right).mean() == pytest.approx(0.24, abs=0.03)


def test_rna_is_told_by_the_direction_of_its_site(tmp_path):
    simulation = simulated("rna", n_records=400)
    assert set("".join(simulation.sequences)) == set("ACGU")
    for row, sequence, label in zip(
        simulation.truth.itertuples(), simulation.sequences, simulation.labels["label"], strict=True
    ):
        assert sequence[row.start : row.start + 8] == row.instance
        assert label == row.kind
    perfect = {"site": "UGUAAAUA", "reversed": "UAUUUACA"}
    for kind, instances in simulation.truth.groupby("kind")["instance"]:
        letters = np.array([list(instance) for instance in instances])
        common = [max("ACGU", key=lambda x, i=i: (letters[:, i] == x).sum()) for i in range(8)]
        assert "".join(common) == perfect[kind]
    files = [tmp_path / name for name in ("sequences.fasta", "labels.tsv", "truth.tsv")]
    write_simulation(simulation, *files)
    records = read_fasta_records(files[0], Columns(), table=files[1])
    dataset = prepare_dataset("binary", records, alphabet=RNA)
    assert dataset.summary["changes"] == [] and dataset.classes == ["reversed", "site"]


def test_proteins_have_the_pattern_or_not():
    simulation = simulated("protein", n_records=400, length=60)
    pattern = re.compile(r"(?=[AG]\w{4}GK[ST])")
    for row, sequence in zip(simulation.truth.itertuples(), simulation.sequences, strict=True):
        found = [match.start() for match in pattern.finditer(sequence)]
        assert found == ([row.start] if row.kind == "p_loop" else [])
        assert len(sequence) == 60
    letters = [
        pd.Series(list("".join(instances))).value_counts()
        for _, instances in simulation.truth.groupby("kind")["instance"]
    ]
    for residue in "GK":
        assert abs(letters[0][residue] - letters[1][residue]) < 0.12 * letters[0][residue]


@pytest.mark.parametrize("shape", ["rings", "clouds", "corners"])
def test_the_probability_of_numbers_is_true(shape):
    simulation = simulated("numbers", n_records=20000, shape=shape)
    probability = simulation.truth["probability"].to_numpy()
    classes = simulation.labels["Ground Truth"].to_numpy()
    for low, high in ((0, 0.1), (0.25, 0.35), (0.4, 0.6), (0.65, 0.75), (0.9, 1)):
        inside = (probability >= low) & (probability <= high)
        if inside.sum() > 100:
            assert classes[inside].mean() == pytest.approx(probability[inside].mean(), abs=0.05)
    features = simulation.labels[["Feature 1", "Feature 2"]]
    best = np.maximum(probability, 1 - probability).mean()
    line = cross_val_score(LogisticRegression(), features, classes, cv=3).mean()
    assert best > 0.68
    if shape == "clouds":
        assert line == pytest.approx(best, abs=0.02)
    else:
        assert line < 0.56 < best


def test_numbers_are_read_back(tmp_path):
    simulation = simulated("numbers")
    write_table(simulation, None, tmp_path / "records.tsv", tmp_path / "truth.tsv")
    columns = Columns(("Ground Truth",))
    records = read_number_records(tmp_path / "records.tsv", columns, id_column="id")
    dataset = prepare_dataset("binary", records, alphabet=None)
    assert dataset.summary["alphabet"]["symbols"] == ["Feature 1", "Feature 2"]
    np.testing.assert_array_equal(dataset.targets, simulation.labels["Ground Truth"])


@pytest.mark.parametrize(
    ("kind", "settings", "phrase"),
    [
        ("multiclass", {"length": 34}, "length is 34"),
        ("multilabel", {"missing": 0.95}, "missing is 0.95"),
        ("regression", {"noise": 1}, "noise is 1"),
        ("ordinal", {"length": 47}, "length is 47"),
        ("unequal_lengths", {"shortest": 80, "longest": 60}, "longest is 60"),
        ("unequal_lengths", {"shortest": 11}, "shortest is 11"),
        ("unequal_lengths", {"label": "gc"}, "label is 'gc'"),
        ("weights", {"wrong": 0.6}, "wrong is 0.6"),
        ("rna", {"length": 7}, "length is 7"),
        ("protein", {"length": 7}, "length is 7"),
        ("numbers", {"shape": "moons"}, "shape is 'moons'"),
        ("numbers", {"shape": "corners", "overlap": 0.5}, "overlap is 0.5"),
        ("sentences", {"longest": 3}, "longest is 3"),
        ("sentences", {"longest": 4, "n_records": 100}, "n_records is 100"),
    ],
)
def test_settings_are_checked(kind, settings, phrase):
    with pytest.raises(InputError) as error:
        simulated(kind, **settings)
    assert phrase in str(error.value)
