"""Records from tables and intervals, with the labels that stand beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqarena.data.alphabet import words_alphabet
from seqarena.data.labels import Columns
from seqarena.data.preparation import prepare_dataset
from seqarena.data.sources import read_fasta_records
from seqarena.data.table_sources import (
    read_interval_records,
    read_number_records,
    read_table_records,
)
from seqarena.errors import InputError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, text):
    Path(name).write_text(text)
    return name


def genome(chromosomes=("chr1", "chr2"), letters=4000):
    random = np.random.default_rng(1)
    made = {name: "".join(random.choice(list("ACGT"), letters)) for name in chromosomes}
    return write("g.fa", "".join(f">{name}\n{text}\n" for name, text in made.items())), made


def test_a_table_of_sequences():
    file = write("t.csv", "name,seq,y,z,w,donor\na,ACGT,1,0.5,1,d1\nb,AC,0,NA,2,\nc,GGG,1,3,1,d2\n")
    columns = Columns(("y", "z"), group="donor", weight="w")
    made = read_table_records(file, columns, sequence_column="seq", id_column="name")
    dataset = prepare_dataset("regression", made)
    assert dataset.records["record"].tolist() == ["a", "b", "c"]
    assert np.diff(dataset.offsets).tolist() == [4, 2, 3]
    assert dataset.weights.tolist() == [1, 2, 1]
    assert dataset.records["group"].isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(dataset.targets, [[1, 0.5], [0, np.nan], [1, 3]])


def test_labels_of_fasta_in_parquet():
    pd.DataFrame({"id": ["b", "a"], "label": [1, 0]}).to_parquet("l.parquet")
    fasta = write("s.fa", ">a\nAC\n>b\nGT\n")
    dataset = prepare_dataset("binary", read_fasta_records(fasta, Columns(), table="l.parquet"))
    assert dataset.targets.tolist() == [0, 1]


def test_a_wrong_letter_of_a_table_has_its_line():
    file = write("t.tsv", "sequence\tlabel\nACGT\t1\nAC!T\t0\n")
    with pytest.raises(InputError, match=r"'!' at position 3(.|\n)*t.tsv, line 3, record row_2"):
        prepare_dataset("binary", read_table_records(file, Columns()))


def test_sentences_of_a_table():
    file = write("t.tsv", "sequence\tlabel\nhe is\tgood\nhe are\tbad\n")
    made = read_table_records(file, Columns(), words=True)
    dataset = prepare_dataset("binary", made, alphabet=words_alphabet(["he", "is", "are"]))
    assert dataset.matrix.tolist() == [[0, 1], [0, 2]]


def test_numbers_of_a_table():
    file = write("t.tsv", "id\tf\tlabel\tg\nx\t1\tp\t-2\ny\t3\tq\t1e3\n")
    dataset = prepare_dataset("binary", read_number_records(file, Columns(), id_column="id"))
    assert dataset.matrix.tolist() == [[1, -2], [3, 1000]]
    assert dataset.alphabet.symbols == ("f", "g")
    assert dataset.records["length"].tolist() == [2, 2]


def test_intervals_labelled_by_their_file():
    fasta, letters = genome()
    files = {
        "open": write("o.bed", "chr1\t10\t20\nchr1\t40\t50\tx\t0\t-\n".replace("\tx\t0\t-", "")),
        "closed": write("c.bed", "chr2\t0\t10\n"),
    }
    made = read_interval_records(files, fasta, Columns(split="chrom"), cache="cache")
    dataset = prepare_dataset("binary", made)
    assert dataset.classes == ["closed", "open"]
    assert dataset.targets.tolist() == [1, 1, 0]
    assert dataset.records["split"].tolist() == ["chr1", "chr1", "chr2"]
    assert made.content.text[:10].decode() == letters["chr1"][10:20]
    assert not list(Path().glob("*.fai"))
    assert len(list(Path("cache").glob("*.fai"))) == 1


def test_intervals_labelled_by_a_column():
    fasta, _ = genome()
    file = write(
        "t.tsv", "chrom\tstart\tend\tstrand\tactivity\nchr1\t5\t9\t-\t1.5\nchr2\t0\t9\t+\t2\n"
    )
    made = read_interval_records(file, fasta, Columns(("activity",)), cache="cache")
    dataset = prepare_dataset("regression", made)
    assert dataset.targets.tolist() == [1.5, 2]
    assert dataset.summary["changes"] == [
        {"what": "intervals of the minus strand read as its reverse complement", "count": 1}
    ]


def test_negatives_are_drawn_from_the_genome():
    fasta, _ = genome()
    bed = write("p.bed", "".join(f"chr{1 + i % 2}\t{90 * i}\t{90 * i + 40}\n" for i in range(20)))
    columns = Columns(split="chrom")
    made = read_interval_records(bed, fasta, columns, cache="cache", negatives=2, seed=3)
    dataset = prepare_dataset("binary", made)
    assert dataset.classes == ["negative", "positive"]
    assert dataset.summary["class_counts"] == {"negative": 40, "positive": 20}
    assert set(dataset.records["split"]) == {"chr1", "chr2"}
    assert dataset.summary["negatives"]["negatives"] == 40
    again = read_interval_records(bed, fasta, columns, cache="cache", negatives=2, seed=3)
    assert again.names == made.names
    with pytest.raises(InputError, match="drawn from the genome have no column 'name'"):
        read_interval_records(
            write("n.bed", "chr1\t0\t9\tpeak\n"),
            fasta,
            Columns(split="name"),
            cache="cache",
            negatives=1,
        )


def test_a_file_per_class_has_no_labels_of_its_own():
    fasta, _ = genome()
    files = {"a": write("a.bed", "chr1\t0\t9\n"), "b": write("b.bed", "chr1\t0\t9\n")}
    with pytest.raises(InputError, match="give a window that an earlier one gives"):
        read_interval_records(files, fasta, Columns(), cache="cache")
