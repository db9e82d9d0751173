"""Genomes and their indices."""

import gzip
import os
import shutil

import pysam
import pytest

from seqarena.data.genome import open_genome, reverse_complement_letters
from seqarena.errors import InputError

TEXT = ">chr1 first\nACGTacgtNN\nGGCC\n>chr2\nTTTTT\nAA\n>chrM\nACGTA\n"


@pytest.fixture(params=["plain", "bgzip"])
def genome_path(request, tmp_path):
    folder = tmp_path / "genomes"
    folder.mkdir()
    if request.param == "plain":
        (folder / "genome.fa").write_text(TEXT)
        return folder / "genome.fa"
    with pysam.BGZFile(str(folder / "genome.fa.gz"), "wb") as handle:
        handle.write(TEXT.encode())
    return folder / "genome.fa.gz"


def refused(path, tmp_path, *phrases):
    with pytest.raises(InputError) as error, open_genome(path, tmp_path / "cache"):
        pass
    for phrase in (*phrases, str(path), "what to do"):
        assert phrase in str(error.value)
    assert not [file for file in tmp_path.glob("cache/*") if file.suffix in (".fai", ".gzi")]


def test_letters_are_looked_up_and_the_index_is_made_in_the_cache(genome_path, tmp_path):
    for _ in range(2):
        with open_genome(genome_path, tmp_path / "cache") as genome:
            assert genome.lengths == {"chr1": 14, "chr2": 7, "chrM": 5}
            assert genome.letters("chr1", 2, 12) == b"GTacgtNNGG"
            assert genome.letters("chr2", -2, 3) == b"NNTTT"
            assert genome.letters("chr2", 5, 9) == b"AANN"
            assert genome.letters("chr2", 8, 10) == b"NN"
            assert genome.letters("chrM", -1, 6) == b"NACGTAN"
    assert list(genome_path.parent.iterdir()) == [genome_path]
    indices = sorted(tmp_path.glob("cache/*"))
    assert [index.suffix for index in indices] == [".fai", ".gzi"][: len(indices)]
    assert len(indices) == (2 if genome_path.suffix == ".gz" else 1)


def test_an_index_beside_the_genome_is_used_unless_it_is_older(genome_path, tmp_path):
    pysam.faidx(str(genome_path))
    with open_genome(genome_path, tmp_path / "cache") as genome:
        assert genome.letters("chr1", 0, 4) == b"ACGT"
    assert not (tmp_path / "cache").exists()
    state = genome_path.stat()
    os.utime(genome_path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**10))
    with open_genome(genome_path, tmp_path / "cache") as genome:
        assert genome.letters("chr1", 0, 4) == b"ACGT"
    assert list(tmp_path.glob("cache/*.fai"))


@pytest.mark.parametrize(
    "other",
    [
        ">chr1 other\nACGTACGT\n>chr2\nTT\n>chrM\nACGTA\n",
        ">chr1 first\nACGTacgtNN\nGG\n>chr2\nTTTTT\nAA\n>chrM\nACGTA\n",
        ">chr9 first\nACGTacgtNN\nGGCC\n>chr2\nTTTTT\nAA\n>chrM\nACGTA\n",
        None,
    ],
)
def test_an_index_of_another_genome_is_not_used(tmp_path, other):
    path = tmp_path / "genome.fa"
    path.write_text(TEXT)
    index = tmp_path / "genome.fa.fai"
    if other is None:
        index.write_text("no index\n")
    else:
        (tmp_path / "other.fa").write_text(other)
        pysam.faidx(str(tmp_path / "other.fa"))
        shutil.copy(tmp_path / "other.fa.fai", index)
    before = index.read_bytes()
    with open_genome(path, tmp_path / "cache") as genome:
        assert genome.lengths == {"chr1": 14, "chr2": 7, "chrM": 5}
        assert genome.letters("chr2", 0, 7) == b"TTTTTAA"
    assert index.read_bytes() == before


def test_a_changed_genome_is_indexed_again(tmp_path):
    path = tmp_path / "genome.fa"
    for text, length in ((TEXT, 14), (TEXT.replace("GGCC", "GGCCA"), 15)):
        path.write_text(text)
        with open_genome(path, tmp_path / "cache") as genome:
            assert genome.lengths["chr1"] == length


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        (b"", ("the genome is empty",)),
        (b"chr1\t0\t9\n", ("not FASTA but begins 'c'",)),
        (gzip.compress(TEXT.encode()), ("compressed by gzip", "gunzip -c genome.fa | bgzip")),
        (b">a\nACGT\nA\nACGT\n", ("can't be indexed", "lines of one sequence differ")),
        (b">a\nACGT\n>b\nA\n>a\nA\n", ("3 sequences of only 2 names",)),
        (b"\x00\xff\xfe2bit", ("not text in UTF-8",)),
    ],
)
def test_what_is_no_genome_is_refused(tmp_path, content, phrases, capfd):
    (tmp_path / "genome.fa").write_bytes(content)
    refused(tmp_path / "genome.fa", tmp_path, *phrases)
    assert capfd.readouterr() == ("", "")


def test_a_missing_or_truncated_genome_is_refused(genome_path, tmp_path):
    refused(genome_path.parent / "genme.fa", tmp_path, "no such file", "did you mean 'genome.fa")
    if genome_path.suffix == ".gz":
        genome_path.write_bytes(genome_path.read_bytes()[:50])
        refused(genome_path, tmp_path, "damaged")


def test_an_archive_damaged_in_its_middle_is_refused(tmp_path):
    path = tmp_path / "genome.fa.gz"
    text = "".join(f">{i}\n{'ACGT' * 20_000}\n" for i in range(40))
    with pysam.BGZFile(str(path), "wb") as handle:
        handle.write(text.encode())
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + b"\0" * 40 + whole[middle + 40 :]):
        path.write_bytes(damaged)
        refused(path, tmp_path, "damaged")
    path.write_bytes(whole)
    with open_genome(path, tmp_path / "cache"):
        pass
    index = next(tmp_path.glob("cache/*.fai"))
    # Damaged behind our back, after the index was made.
    state = path.stat()
    path.write_bytes(whole[:middle] + b"\0" * 40 + whole[middle + 40 :])
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with open_genome(path, tmp_path / "cache") as genome, pytest.raises(InputError):
        assert next(tmp_path.glob("cache/*.fai")) == index
        for name, length in genome.lengths.items():
            genome.letters(name, 0, length)


def test_a_genome_that_gives_too_few_letters_is_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(TEXT.replace("TTTTT", "TT\0TT").encode())
    with (
        open_genome(path, tmp_path) as genome,
        pytest.raises(InputError, match="gives 2 letters for chr2:0-5"),
    ):
        genome.letters("chr2", 0, 5)


@pytest.mark.parametrize(
    ("name", "words"),
    [("1", "'chr1'"), ("MT", "'chrM'"), ("M", "'chrM'"), ("Chr2", "'chr2'"), ("plasmid", None)],
)
def test_a_chromosome_of_another_spelling_is_suggested(tmp_path, name, words):
    (tmp_path / "genome.fa").write_text(TEXT)
    with open_genome(tmp_path / "genome.fa", tmp_path) as genome:
        assert (words in genome.suggest(name)) if words else not genome.suggest(name)


def test_the_other_strand_keeps_case():
    assert reverse_complement_letters(b"ACgtRyN-") == b"-NrYacGT"
