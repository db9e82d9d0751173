"""Correct sentences are correct and the others are not, whoever judges."""

import itertools
import re
from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score

from seqarena.data.alphabet import words_alphabet
from seqarena.data.labels import Columns
from seqarena.data.preparation import prepare_dataset
from seqarena.data.simulation_grammar import is_correct
from seqarena.data.simulations import simulate_kind, write_table
from seqarena.data.table_sources import read_table_records
from seqarena.simulation_settings import WORDS

THING = "(?:a|the) (?:dog|cat|friend)"
THINGS = f"{THING}(?: and {THING})?"
PRONOUNS = f"(?:you and he|he and you|(?:you|he) and {THING}|{THING} and (?:you|he|{THING}))"


def predicate(*verbs):
    one = "(?:" + "|".join(f"{verb} {THINGS}" for verb in verbs) + ")"
    return f"{one}(?: and {one})?"


STATEMENT = "(?:" + "|".join(
    [
        f"(?:he|{THING}) {predicate('has', 'is')}",
        f"you {predicate('have', 'are')}",
        f"{PRONOUNS} have {THINGS}",
        f"{PRONOUNS} are {THING} and {THING}",
    ]
) + ")"  # fmt: skip
ENGLISH = re.compile(f"{STATEMENT}(?: and {STATEMENT})?")
"""The grammar once more, written by hand as a regular expression."""


@pytest.fixture(scope="module")
def sentences():
    return simulate_kind("sentences", seed=1)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_two_recognisers_agree_on_all_sequences_of_words(length):
    correct = 0
    for words in itertools.product(WORDS, repeat=length):
        found = is_correct(words)
        assert found == bool(ENGLISH.fullmatch(" ".join(words))), words
        correct += found
    assert correct == {4: 24, 5: 72}.get(length, 0)


def test_correct_ones_are_correct_and_the_others_are_not(sentences):
    labels = sentences.labels["label"]
    for sentence, label in zip(sentences.sequences, labels, strict=True):
        assert (label == "correct") == bool(ENGLISH.fullmatch(sentence)), sentence
    assert labels.value_counts().to_dict() == {"correct": 1500, "incorrect": 1500}
    assert len(set(sentences.sequences)) == 3000
    assert set(" ".join(sentences.sequences).split()) == set(WORDS)


def test_a_slip_is_what_the_truth_says_and_stays_with_its_source(sentences):
    words = dict(zip(sentences.names, map(str.split, sentences.sequences), strict=True))
    groups = dict(zip(sentences.names, sentences.labels["group"], strict=True))
    kinds = Counter()
    for row in sentences.truth.itertuples():
        source, made, i = words[row.source], words[row.record], row.place
        assert groups[row.record] == groups[row.source]
        kinds[row.slip] += 1
        if row.slip == "none":
            assert made == source and i == -1
        elif row.slip == "dropped":
            assert made == source[:i] + source[i + 1 :]
        elif row.slip == "doubled":
            assert made == source[: i + 1] + source[i:]
        elif row.slip == "exchanged":
            assert made == [*source[:i], source[i + 1], source[i], *source[i + 2 :]]
        else:
            assert made[:i] + made[i + 1 :] == source[:i] + source[i + 1 :] and made != source
            if row.slip == "agreement":
                assert {made[i], source[i]} in ({"is", "are"}, {"has", "have"})
    assert kinds["none"] == 1500 and kinds["dropped"] == kinds["doubled"]
    assert all(count > 200 for count in kinds.values()) and len(kinds) == 6
    assert set(Counter(groups.values()).values()) == {2}


@pytest.mark.parametrize("n_records", [50, 501, 3000])
def test_both_classes_have_the_same_lengths(n_records):
    simulation = simulate_kind("sentences", n_records=n_records, seed=2)
    lengths = {"correct": Counter(), "incorrect": Counter()}
    for sentence, label in zip(simulation.sequences, simulation.labels["label"], strict=True):
        lengths[label][len(sentence.split())] += 1
    apart = lengths["correct"] - lengths["incorrect"] + (lengths["incorrect"] - lengths["correct"])
    assert apart.total() <= n_records % 2  # the last slip of an odd number is left out
    assert min(lengths["correct"]) == 4 and max(lengths["correct"]) == 12


def test_the_words_alone_tell_little(sentences):
    counts = [[s.split().count(word) for word in WORDS] for s in sentences.sequences]
    model = LogisticRegression(max_iter=2000)
    auroc = cross_val_score(
        model,
        np.array(counts),
        sentences.labels["label"] == "correct",
        groups=sentences.labels["group"],
        cv=GroupKFold(5),
        scoring="roc_auc",
    )
    assert auroc.mean() < 0.57


def test_sentences_are_read_back(tmp_path):
    simulation = simulate_kind("sentences", n_records=100, seed=3)
    write_table(simulation, "sentence", tmp_path / "records.tsv", tmp_path / "truth.tsv")
    records = read_table_records(
        tmp_path / "records.tsv",
        Columns(group="group"),
        sequence_column="sentence",
        id_column="id",
        words=True,
    )
    dataset = prepare_dataset("binary", records, alphabet=words_alphabet(WORDS), positive="correct")
    assert dataset.records["group"].tolist() == simulation.labels["group"].tolist()
    assert dataset.classes == ["incorrect", "correct"] and dataset.padded
    first = simulation.sequences[0].split()
    assert [WORDS[token] for token in dataset.rows([0])[0]] == first
