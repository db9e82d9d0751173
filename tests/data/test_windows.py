"""Intervals read, checked, and cut from a genome."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqarena.data.genome import open_genome, reverse_complement_letters
from seqarena.data.intervals import read_intervals
from seqarena.data.windows import cut_windows
from seqarena.errors import InputError

LETTERS = {"chr1": "ACGTTGCAacgtNNGGCCTA", "chr2": "TTTTTCCCCC"}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    text = "".join(f">{name}\n{letters}\n" for name, letters in LETTERS.items())
    (folder / "genome.fa").write_text(text)
    with open_genome(folder / "genome.fa", folder / "cache") as genome:
        yield genome


def write(tmp_path, text, name="peaks.bed"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def refused(function, *phrases):
    with pytest.raises(InputError) as error:
        function()
    for phrase in (*phrases, "what to do"):
        assert phrase in str(error.value)


def sequences(windows):
    text = windows.letters.decode()
    return [text[a:b] for a, b in zip(windows.offsets, windows.offsets[1:], strict=False)]


def counts(windows):
    return {change["what"]: change["count"] for change in windows.changes}


BED = "track name=x\nbrowser hide\n# note\n\nchr1\t4\t10\ta\t0\t+\nchr2\t3\t8\tb\t5\t-\n"
TABLE = "start,end,chrom,strand,label,name\n4,10,chr1,,x,a\n3,8,chr2,-,y,b\n"


@pytest.mark.parametrize("text", [BED, BED.replace("\n", "\r\n"), BED.replace("\t", " "), TABLE])
@pytest.mark.parametrize("compressed", [False, True])
def test_bed_and_tables_give_the_same_windows(tmp_path, genome, text, compressed):
    path = tmp_path / "intervals"
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    intervals = read_intervals(path, ["name"])
    windows = cut_windows(intervals, genome)
    assert windows.names == ["a", "b"]
    assert sequences(windows) == ["TGCAac", "GGGAA"[:3] + "AA"]
    assert windows.cells == {"name": ["a", "b"], "chrom": ["chr1", "chr2"]}
    first = 2 if text == TABLE else 5
    assert [*windows.places] == [(path, first), (path, first + 1)]
    assert counts(windows) == {"intervals of the minus strand read as its reverse complement": 1}


def test_other_columns_of_headers_and_narrow_peaks_are_offered(tmp_path):
    path = write(tmp_path, "#chrom\tstart\tend\tlabel\nchr1\t0\t4\tx\n")
    assert read_intervals(path, ["label"]).cells == {"label": ["x"]}
    peaks = write(tmp_path, "chr1\t2\t9\t.\t0\t.\t7.5\t-1\t-1\t3\n", "x.narrowPeak")
    intervals = read_intervals([peaks, peaks], ["signalValue"], summits=True)
    assert intervals.cells == {"signalValue": ["7.5", "7.5"]}
    assert intervals.summits.tolist() == [5, 5]
    assert (intervals.names, intervals.origins.tolist()) == (None, [0, 1])
    table = write(tmp_path, "chrom\tstart\tend\tpeak\nchr1\t2\t9\t3\n", "x.tsv")
    assert read_intervals(table, summits=True).summits.tolist() == [5]


@pytest.mark.parametrize(
    ("name", "extra", "expected"),
    [
        (".", "", ["chr1:0-4(+)", "chr1:4-8(+)"]),
        ("same", "", ["chr1:0-4(+)", "chr1:4-8(+)"]),
        (None, "", ["chr1:0-4(+)", "chr1:4-8(+)"]),
        ("a", "b", ["a", "ab"]),
    ],
)
def test_names_are_used_if_each_is_unique(tmp_path, genome, name, extra, expected):
    rows = [["chr1", "0", "4"], ["chr1", "4", "8"]]
    for row, suffix in zip(rows, ("", extra), strict=True):
        row += [] if name is None else [name + suffix]
    path = write(tmp_path, "\n".join("\t".join(row) for row in rows))
    assert cut_windows(read_intervals(path), genome).names == expected


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("", ("the file has no intervals",)),
        ("# only\ntrack x\n", ("the file has no intervals",)),
        ("chrom\tstart\tend\n", ("the file has no intervals",)),
        ("chr1\t1\n", ("no interval of BED", "line 1", "whose first line names")),
        ("chr1\t1\t5\n\nchr1\t1\t5\tx\n", ("4 columns where earlier ones have 3", "line 3")),
        ("chr1\t-1\t5\n", ("start '-1' is negative", "line 1")),
        ("chr1\t1\t5\nchr1\t1.0\t5\n", ("start '1.0' is no whole number", "line 2")),
        ("chr1\t1\t5e2\n", ("end '5e2' is no whole number",)),
        ("chr1\t1\t99999999999999999999\n", ("no whole number",)),
        ("chr\tbegin\tstop\nchr1\t1\t5\n", ("start 'begin'", "chrom, start and end")),
        ("chr1\t5\t5\n", ("starts at 5 and ends before 5", "line 1")),
        ("chr1\t9\t5\n", ("starts at 9 and ends before 5",)),
        ("\t1\t5\n", ("no chromosome",)),
        ("chr1\t1\t5\tx\t0\t1\n", ("strand '1' is none of",)),
        ("chr1\t1\t\0\n", ("not text", "line 1")),
        ("chrom\tstart\tend\nchr1\t1\n", ("2 cells where the header has 3", "line 2")),
        ("chrom\tstart\tend\tend\nchr1\t1\t2\t3\n", ("2 columns 'end'",)),
    ],
)
def test_what_is_no_interval_is_refused(tmp_path, text, phrases):
    path = write(tmp_path, text)
    refused(lambda: read_intervals(path), *phrases, str(path))


def test_columns_and_summits_that_are_missing_are_refused(tmp_path):
    bed = write(tmp_path, BED)
    refused(lambda: read_intervals(bed, ["label"]), "no column 'label'", str(bed))
    refused(lambda: read_intervals(bed, summits=True), "no summit: it has 6 columns", "line 5")
    for peak, words in (("-1", "its peak is '-1'\n"), ("7", "from 0 to 6"), ("x", "'x'")):
        peaks = write(tmp_path, f"chr1\t2\t9\t.\t0\t.\t7.5\t-1\t-1\t{peak}\n", "x.narrowPeak")
        assert len(read_intervals(peaks)) == 1
        refused(lambda: read_intervals(peaks, summits=True), words, "line 1")  # noqa: B023  (called at once)
    table = write(tmp_path, TABLE)
    refused(lambda: read_intervals(table, summits=True), "no column 'peak'")
    refused(lambda: read_intervals(tmp_path / "peak.bed"), "did you mean 'peaks.bed'?")


def test_windows_of_one_width_lie_about_the_middle_or_the_summit(tmp_path, genome):
    rows = ["chr1 6 10", "chr1 0 14", "chr1 4 8", "chr2 4 5"]
    peaks = ["\t".join([*row.split(), ".", "0", ".", "0", "0", "0", "0"]) for row in rows]
    intervals = read_intervals(write(tmp_path, "\n".join(peaks)), summits=True)
    windows = cut_windows(intervals, genome, 4)
    assert windows.starts.tolist() == [6, 5, 4, 2]
    assert (windows.ends - windows.starts == 4).all()
    refused(lambda: cut_windows(intervals, genome, 0), "width of windows is 0")
    widths = "to 4 letters about their middle"
    assert counts(windows) == {f"intervals widened {widths}": 1, f"intervals cropped {widths}": 1}
    windows = cut_windows(intervals, genome, 4, "summit", "unknown")
    assert windows.starts.tolist() == [4, -2, 2, 2]
    assert counts(windows)["intervals of 4 letters moved to have their summit inmost"] == 2


def test_what_reaches_beyond_a_chromosome_is_refused_dropped_or_unknown(tmp_path, genome):
    path = write(
        tmp_path, "chr1\t0\t3\na\t0\t1\nchr1\t9\t10\nchr2\t8\t10\n".replace("a\t0\t1\n", "")
    )
    intervals = read_intervals(path)
    refused(
        lambda: cut_windows(intervals, genome, 6),
        "2 of 3 intervals reach beyond",
        "-2 to 4",
        f"{path}, line 1",
        "beyond_ends",
    )
    dropped = cut_windows(intervals, genome, 6, beyond_ends="drop")
    assert (dropped.names, [*dropped.places]) == (["chr1:6-12(+)"], [(path, 2)])
    assert counts(dropped)["intervals dropped, since they reach beyond their chromosome"] == 2
    filled = cut_windows(intervals, genome, 6, beyond_ends="unknown")
    assert sequences(filled) == ["NNACGT", "CAacgt", "CCCCNN"]
    assert counts(filled)["letters N for what lies beyond chromosomes, in 2 intervals"] == 4
    refused(
        lambda: cut_windows(intervals, genome, 90, beyond_ends="drop"), "every interval reaches"
    )


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        (
            "chr1\t1\t2\n1\t1\t2\n2\t1\t3\n",
            ("2 of 3 intervals", "'1', '2' (it has 'chr1')", "line 2"),
        ),
        ("chr2\t10\t12\n", ("starts at 10, but 'chr2' ends before 10", "line 1", "assembly")),
        ("chr2\t1\t2\nchr2\t1\t2\n", ("1 intervals give a window", "line 1", "chr2:1-2(+)")),
    ],
)
def test_intervals_that_do_not_fit_the_genome_are_refused(tmp_path, genome, text, phrases):
    path = write(tmp_path, text)
    refused(lambda: cut_windows(read_intervals(path), genome), *phrases, str(path))


@pytest.mark.parametrize("width", [None, 10**12, 10**30])
def test_windows_that_no_memory_holds_are_refused(tmp_path, genome, width):
    intervals = read_intervals(write(tmp_path, "chr1\t1\t5\nchr1\t2\t999999999999\n"))
    with pytest.raises(InputError, match="more than the 10,000,000,000") as error:
        cut_windows(intervals, genome, width, beyond_ends="unknown")
    assert ("line 2" in str(error.value)) == (width is None)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 19), st.integers(1, 30), st.sampled_from("+-.")),
        min_size=1,
        unique=True,
    ),
    width=st.none() | st.integers(1, 40),
)
def test_windows_are_what_slices_of_the_chromosome_are(tmp_path, genome, rows, width):
    """Against plain slices of a string that has N on both sides."""
    text = "".join(
        f"chr1\t{start}\t{start + length}\tr{i}\t0\t{strand}\n"
        for i, (start, length, strand) in enumerate(rows)
    )
    intervals = read_intervals(write(tmp_path, text))
    windows = cut_windows(intervals, genome, width, beyond_ends="unknown")
    padded = "N" * 100 + LETTERS["chr1"] + "N" * 100
    for (start, length, strand), found in zip(rows, sequences(windows), strict=True):
        first, size = (
            (start, length) if width is None else (start + length // 2 - width // 2, width)
        )
        if width is not None:
            first = (2 * start + length) // 2 - width // 2
        expected = padded[100 + first : 100 + first + size]
        if strand == "-":
            expected = reverse_complement_letters(expected.encode()).decode()
        assert found == expected
    assert np.diff(windows.offsets).sum() == len(windows.letters)
