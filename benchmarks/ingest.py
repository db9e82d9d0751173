"""Case `ingest`: from FASTA and a table of labels to a prepared dataset, against bare readers.

Ours is the script of rule prepare_dataset: it reads, checks, tokenises, counts duplicates, digests
the input and writes. The others, SimpleFastaParser of Biopython and pyfastx, only read the FASTA
file and sum up the lengths. Each runs in a process of its own, whose largest resident memory is
given; seconds are without the start of Python and imports, which the case `startup` has. The
environment variable N is the number of records (1,000,000 by default), of 200 letters each.
"""

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from measure import ROOT, alternate, ask, over_rounds, peer, peer_has, ratios, rounds, size

LENGTH = 200
READERS = ("simple_fasta_parser", "pyfastx")


def prepare(folder: Path) -> dict[str, float]:
    """Run the script of the rule in this process, on files that `write_fasta` wrote."""
    import prepare_dataset

    sys.path.insert(0, str(ROOT / "benchmarks/peers"))
    from footprint import peak_mb

    files = {"records": str(folder / "sequences.fasta"), "labels": str(folder / "labels.tsv")}
    names = ("task", "source", "classes_of_files", "split_column", "positive", "length")
    params = dict.fromkeys(names) | {"task": "binary", "source": {"kind": "fasta"}}
    params |= {"labels": {"table": files["labels"], "column": "label"}, "gaps": "refuse"}
    params |= {"alphabet": {"name": "dna"}, "ambiguous": "share", "soft_masked": "upper"}
    inputs = SimpleNamespace(**files, get=files.get)
    outputs = SimpleNamespace(tokens=folder / "data/tokens.npy")
    started = time.perf_counter()
    prepare_dataset.main(
        SimpleNamespace(log=[], input=inputs, output=outputs, params=SimpleNamespace(**params))
    )
    return {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}


def main() -> None:
    """Let all read the same file in turn."""
    from table import write_figures

    n = size(1_000_000)
    with tempfile.TemporaryDirectory(prefix="seqarena-ingest-") as folder:
        ask([sys.executable, __file__, "write", folder, n])
        fasta = Path(folder) / "sequences.fasta"
        _, *bare = peer("read_fasta.py", "simple_fasta_parser", fasta)
        contenders = {
            "seqarena": partial(ask, [sys.executable, __file__, "prepare", folder]),
            "simple_fasta_parser": partial(ask, [sys.executable, *bare]),
        }
        if peer_has("pyfastx"):
            contenders["pyfastx"] = partial(ask, peer("read_fasta.py", "pyfastx", fasta))
        measured = alternate(contenders, rounds())
    seconds, peaks = (
        {name: [run[key] for run in measured.get(name, [])] for name in ("seqarena", *READERS)}
        for key in ("seconds", "peak_mb")
    )
    figures = [("records", n, "records"), ("letters_per_record", LENGTH, "letters")]
    for name in ("seqarena", *READERS):
        figures += over_rounds(f"{name}_seconds", seconds[name], "s")
        figures += over_rounds(f"{name}_peak_mb", peaks[name], "MB")
    for name in READERS:
        figures += ratios(f"ratio_to_{name}", seconds["seqarena"], seconds[name])
    figures += over_rounds(
        "megabases_per_second", [n * LENGTH / 1e6 / value for value in seconds["seqarena"]], "Mb/s"
    )
    write_figures("ingest", [*figures, ("rounds", rounds(), "runs")])


def write(folder: Path, n: int) -> None:
    """Write the input, in a process of its own for the sake of the memory of this one."""
    from sequences import write_fasta

    write_fasta(folder, n, LENGTH)
    print(json.dumps({}))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "write":
        write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(prepare(Path(sys.argv[2]))))
