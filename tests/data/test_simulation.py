"""Simulated datasets keep what they promise."""

import numpy as np
import pandas as pd
import pytest

from seqarena.data.alphabet import decode, encode, reverse_complement
from seqarena.data.simulation import simulate
from seqarena.data.simulation_parts import (
    MOTIFS,
    background_dinucleotides,
    decoy_matrix,
    write_simulation,
)
from seqarena.errors import InputError

from .preparing import prepare_dataset


def tokens_of(simulation):
    return np.stack([encode(sequence)[0] for sequence in simulation.sequences])


def labels_of(simulation):
    return simulation.labels["label"].tolist()


@pytest.mark.parametrize("placement", ["anywhere", "fixed"])
def test_the_same_seed_gives_the_same_records(placement):
    first, again, other = (
        simulate(n_records=50, placement=placement, seed=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(tokens_of(first), tokens_of(again))
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert labels_of(first) == labels_of(again)
    assert (tokens_of(first) != tokens_of(other)).any()


@pytest.mark.parametrize("placement", ["anywhere", "fixed"])
def test_each_record_holds_its_insert_where_the_truth_says(placement):
    simulation = simulate(n_records=201, length=60, placement=placement, seed=1)
    assert labels_of(simulation).count("motif") == 100
    assert simulation.truth["kind"].tolist() == labels_of(simulation)
    assert simulation.truth["record"].tolist() == simulation.names
    assert len(set(simulation.names)) == 201
    for tokens, row in zip(tokens_of(simulation), simulation.truth.itertuples(), strict=True):
        insert = tokens[row.start : row.start + len(row.instance)]
        if row.strand == "-":
            insert = reverse_complement(insert)
        assert decode(insert) == row.instance
    if placement == "fixed":
        assert set(simulation.truth["start"]) == {24}
        assert set(simulation.truth["strand"]) == {"+"}
    else:
        assert simulation.truth["start"].min() == 0
        assert simulation.truth["start"].max() == 60 - 12
        assert 60 < (simulation.truth["strand"] == "+").sum() < 140


def test_a_position_can_be_chosen():
    assert set(simulate(n_records=9, placement="fixed", position=3).truth["start"]) == {3}


def test_instances_are_drawn_from_the_matrix():
    simulation = simulate(n_records=8000, length=20, seed=2)
    motif = simulation.truth.query("kind == 'motif'")["instance"]
    letters = np.array([list(instance) for instance in motif])
    shares = np.stack([(letters == base).mean(axis=0) for base in "ACGT"], axis=1)
    np.testing.assert_allclose(shares, MOTIFS["nfe2"], atol=0.04)  # 5 standard errors


def test_decoys_keep_the_composition_of_the_motif():
    motif = np.array(MOTIFS["nfe2"])
    for strength in (0, 0.5, 1):
        decoy = decoy_matrix(motif, strength, np.random.default_rng(0))
        np.testing.assert_allclose(decoy.mean(axis=0), motif.mean(axis=0))
        np.testing.assert_allclose(decoy.sum(axis=1), 1)
        spread = np.abs(motif - motif.mean(axis=0)).sum()
        sharpness = np.abs(decoy - decoy.mean(axis=0)).sum()
        np.testing.assert_allclose(sharpness, strength * spread, atol=1e-9)


def test_the_background_has_the_composition_of_the_motif_on_both_strands():
    motif = np.array(MOTIFS["nfe2"])
    shares = background_dinucleotides(motif)
    composition = shares.sum(axis=1)
    np.testing.assert_allclose(composition, shares.sum(axis=0))
    np.testing.assert_allclose(composition, composition[::-1])
    np.testing.assert_allclose(composition[1:3].sum(), motif[:, 1:3].mean(axis=0).sum())
    np.testing.assert_allclose(shares, shares.T[::-1, ::-1], atol=1e-9)  # either strand
    assert shares[1, 2] < 0.5 * composition[1] * composition[2]  # CpG stays rare


@pytest.mark.parametrize("placement", ["anywhere", "fixed"])
def test_composition_tells_nothing(placement):
    simulation = simulate(n_records=20000, placement=placement, seed=5)
    gc = np.isin(tokens_of(simulation), [1, 2]).mean(axis=1)
    positive = np.array(labels_of(simulation)) == "motif"
    difference = gc[positive].mean() - gc[~positive].mean()
    assert abs(difference) < 4 * gc.std() * np.sqrt(4 / len(gc))
    expected = np.array(MOTIFS["nfe2"])[:, 1:3].sum(axis=1).mean()
    assert abs(gc.mean() - expected) < 5 * gc.std() / np.sqrt(len(gc))


def test_dinucleotides_are_those_of_the_background():
    simulation = simulate(n_records=3000, seed=6)
    outside = tokens_of(simulation)[simulation.truth["start"] >= 50, :50].astype(int)
    pairs = np.bincount((4 * outside[:, :-1] + outside[:, 1:]).ravel(), minlength=16)
    expected = background_dinucleotides(np.array(MOTIFS["nfe2"])).ravel()
    np.testing.assert_allclose(pairs / pairs.sum(), expected, atol=0.006)


def test_files_of_a_simulation_are_read_back(tmp_path):
    simulation = simulate(n_records=30, length=40, seed=7)
    fasta, labels, truth = (tmp_path / "new" / name for name in ("s.fasta", "l.tsv", "t.tsv"))
    write_simulation(simulation, fasta, labels, truth)
    dataset = prepare_dataset("binary", fasta, labels)
    np.testing.assert_array_equal(dataset.matrix, tokens_of(simulation))
    assert dataset.classes == ["decoy", "motif"]
    assert [dataset.classes[i] for i in dataset.targets] == labels_of(simulation)
    assert dataset.summary["changes"] == []
    table = pd.read_csv(truth, sep="\t")
    assert table.columns.tolist() == ["record", "kind", "start", "strand", "instance"]
    pd.testing.assert_frame_equal(table, simulation.truth)


def test_a_motif_can_be_brought():
    motif = [[0.25, 0.25, 0.25, 0.25], [0.97, 0.01, 0.01, 0.01], [0, 0, 0, 1.0]]
    simulation = simulate(n_records=40, length=10, motif=motif, decoy_strength=0)
    motifs = simulation.truth.query("kind == 'motif'")["instance"]
    assert (motifs.str[2] == "T").all()
    assert (motifs.str.len() == 3).all()


@pytest.mark.parametrize(
    ("settings", "phrase"),
    [
        ({"length": 11}, "length is 11"),
        ({"n_records": 1}, "n_records is 1"),
        ({"placement": "fixed", "position": 89}, "position is 89"),
        ({"position": 5}, "placement is anywhere"),
        ({"decoy_strength": 1.5}, "decoy_strength is 1.5"),
        ({"placement": "left"}, "placement is 'left'"),
        ({"motif": "ctcf"}, "motif is 'ctcf'"),
        ({"motif": [[0.5, 0.5], [1, 0]]}, "not a matrix of probabilities"),
        ({"motif": [[1, 0, 0, 0], [1]]}, "not a matrix of probabilities"),
        ({"motif": [[0.5, 0.5, 0.5, 0.5]]}, "not a matrix of probabilities"),
        ({"motif": [[0.5, 0, 0, 0.5]]}, "no background can match"),
    ],
)
def test_settings_are_checked(settings, phrase):
    with pytest.raises(InputError) as error:
        simulate(**settings)
    assert phrase in str(error.value)
    assert "what to do" in str(error.value)
