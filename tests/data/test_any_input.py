"""Whatever text or configuration comes: a dataset that its account explains, or one message."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqarena.configuration import complete_config
from seqarena.errors import InputError

from . import accountant, configurations
from .corpus import bases
from .test_withstand import completed
from .withstand import SCHEMA, try_configuration, unclear, within

anything = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=150,
    deadline=None,
)

LETTERS = st.sampled_from("ACGTacgtNnURYSWKMBDHVryX-.* ") | st.characters(codec="utf-8")
SEQUENCES = st.text(LETTERS, min_size=1, max_size=12)
CELLS = st.sampled_from(["no", "yes", "NA", "", "0", "1", '"']) | st.text(max_size=4)
PLAIN = st.text("ACGTN", min_size=1, max_size=12)


def attempt(folder, name, files, changes):
    """Prepare a base with other files and settings, in an emptied folder."""
    for file, content in files.items():
        (folder / file).write_bytes(content)
    whole = copy.deepcopy(completed(name))
    whole["datasets"]["d"] |= changes
    outcome = try_configuration(folder, whole)
    if outcome.message is None:
        with within(folder):
            accountant.account(whole["datasets"]["d"], folder / "data")
    else:
        assert not unclear(outcome.message), outcome.message
    return outcome


@anything
@given(
    rows=st.lists(st.tuples(PLAIN | SEQUENCES, st.sampled_from(["no", "yes"]) | CELLS), max_size=6),
    ending=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    changes=st.fixed_dictionaries(
        {
            "gaps": st.sampled_from(["refuse", "remove", "unknown"]),
            "soft_masked": st.sampled_from(["upper", "unknown"]),
            "ambiguous": st.sampled_from(["share", "refuse"]),
            "alphabet": st.sampled_from([{"name": name} for name in ("dna", "rna", "protein")]),
        },
        optional={
            "length": st.fixed_dictionaries(
                {"to": st.integers(1, 9), "anchor": st.sampled_from(["center", "left"])}
            )
        },
    ),
)
def test_any_sequences_and_labels(tmp_path, rows, ending, changes):
    fasta = "".join(f">r{i} x\n{sequence}\n" for i, (sequence, _) in enumerate(rows))
    table = "id\tlabel\tgene\n" + "".join(f"r{i}\t{cell}\tg\n" for i, (_, cell) in enumerate(rows))
    files = {"s.fa": fasta, "l.tsv": table}
    files = {name: text.replace("\n", ending).encode() for name, text in files.items()}
    attempt(tmp_path, "fasta and table", files, changes)


@anything
@given(
    content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode),
    name=st.sampled_from(["fasta and table", "csv", "numbers", "bed", "sentences", "parquet"]),
    data=st.data(),
)
def test_any_bytes_in_any_file(tmp_path, content, name, data):
    files = bases()[name].files
    file = data.draw(st.sampled_from(list(files)))
    at = data.draw(st.integers(0, len(files[file])))
    whole = data.draw(st.sampled_from([content, files[file][:at] + content + files[file][at:]]))
    attempt(tmp_path, name, files | {file: whole}, {})


KEYS = st.sampled_from(
    [
        *SCHEMA["properties"],
        *SCHEMA["$defs"]["dataset"]["properties"],
        "column",
        "table",
        "file",
        "to",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([value for options in configurations.KEYS.values() for value in options]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@anything
@given(name=st.sampled_from(list(bases())), data=st.data())
def test_any_configuration(name, data):
    configuration = bases()[name].configuration()
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(configurations.places(configuration))
        keys = data.draw(st.sampled_from(places))
        if data.draw(st.booleans()) and len(keys) > 1 and isinstance(keys[-1], str):
            keys = (*keys[:-1], data.draw(KEYS))
        configuration = configurations.put(configuration, keys, data.draw(VALUES))
    before = copy.deepcopy(configuration)
    try:
        complete = complete_config(configuration, SCHEMA)
    except InputError as error:
        assert not unclear(str(error)), str(error)
    else:
        json.dumps(complete, allow_nan=False)  # what Snakemake passes on and the report shows
    assert repr(configuration) == repr(before)
