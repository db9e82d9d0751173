"""Whatever stands in a file, reading gives records or one error that says where and what to do."""

import contextlib
import gzip
import io

import pandas as pd
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqarena.data.genome import open_genome
from seqarena.data.intervals import read_intervals
from seqarena.data.number_tables import read_number_table
from seqarena.data.reading import read_fasta
from seqarena.data.sequence_tables import read_sequence_table
from seqarena.data.windows import cut_windows
from seqarena.errors import InputError


def parquet():
    table = pd.DataFrame({"id": ["a", "b"], "sequence": ["ACGT", "AC"], "x": [0.5, 2]})
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


def read_genome(path):
    with open_genome(path, path.parent / "cache") as genome:
        for name, length in genome.lengths.items():
            assert len(genome.letters(name, -1, length + 1)) == length + 2


def cut(path):
    genome = path.parent / "genome"
    genome.write_text(">chr1\nACGTACGTAC\n")
    with open_genome(genome, path.parent / "cache") as opened:
        cut_windows(read_intervals(path, summits=True), opened, 4, "summit", "drop")


READERS = {
    "fasta": (read_fasta, b">a one\nACGT\nAC\n\n>b\nTT\n"),
    "genome": (read_genome, b">a one\nACGT\nAC\n>b\nTTTT\n"),
    "sequences": (
        lambda path: read_sequence_table(path, "sequence", "id", ["x"]),
        b'id,sequence,x\na,"ACGT",1\nb,AC,2\n',
    ),
    "numbers": (
        lambda path: read_number_table(path, None, "id"),
        b"id\tx\ty\na\t1\t2\nb\t3\t1e5\n",
    ),
    "intervals": (read_intervals, b"chr1\t1\t5\tx\t0\t+\nchr1\t2\t8\ty\t0\t-\n"),
    "peaks": (cut, b"chr1\t1\t9\tx\t0\t+\t1\t1\t1\t4\nchr1\t2\t8\ty\t0\t-\t1\t1\t1\t0\n"),
    "parquet": (lambda path: read_sequence_table(path, "sequence", "id", ["x"]), parquet()),
    "parquet numbers": (lambda path: read_number_table(path, ["x"], "id"), parquet()),
}
PIECES = st.binary(max_size=4) | st.sampled_from(
    [b"\t", b"\n", b"\r", b",", b'"', b">", b">x\n", b"-", b"#", b"\0", b"\xff", b"\xe9", b"chr1"]
)


def changed(data, content):
    """Content with some pieces of it replaced."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 6)))
        content = content[:start] + data.draw(PIECES) + content[end:]
    return content


@pytest.mark.parametrize("kind", READERS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(tmp_path, kind, data):
    read, whole = READERS[kind]
    content = changed(data, whole)
    wrapping = data.draw(
        st.sampled_from(["plain", "gzip", "bgzip", "damaged gzip", "damaged bgzip"])
    )
    path = tmp_path / "file"
    if "bgzip" in wrapping:
        with pysam.BGZFile(str(path), "wb") as handle:
            handle.write(content)
        content = path.read_bytes()
    elif "gzip" in wrapping:
        content = gzip.compress(content)
    path.write_bytes(changed(data, content) if "damaged" in wrapping else content)
    with contextlib.suppress(InputError):
        read(path)
