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
    max_examples=100,
    deadline=None,
)

GOOD = {
    "dna": "ACGTacgtNnUuRYSWKMBDHVryswkmbdhv-.",
    "rna": "ACGUacguNnTtRYSWKMBDHVryswkmbdhv-.",
    "protein": "ACDEFGHIKLMNPQRSTVWYacdefghiklmnpqrstvwyXxBZJUObzjuo-.",
}
LETTERS = st.sampled_from("ACGTacgtNnURYSWKMBDHVryX-.* ") | st.characters(codec="utf-8")
CELLS = st.sampled_from(["no", "yes", "NA", "", "0", "1", '"']) | st.text(max_size=4)
CHANGES = {
    "gaps": st.sampled_from(["remove", "unknown"]),
    "soft_masked": st.sampled_from(["upper", "unknown"]),
}
LENGTHS = {
    "length": st.fixed_dictionaries(
        {"to": st.integers(1, 9), "anchor": st.sampled_from(["center", "left"])}
    )
}


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


def two_files(rows, ending="\n"):
    fasta = "".join(f">r{i} x\n{sequence}\n" for i, (sequence, _) in enumerate(rows))
    table = "id\tlabel\tgene\n" + "".join(f"r{i}\t{cell}\tg\n" for i, (_, cell) in enumerate(rows))
    files = {"s.fa": fasta, "l.tsv": table}
    return {name: text.replace("\n", ending).encode() for name, text in files.items()}


@anything
@given(
    alphabet=st.sampled_from(list(GOOD)),
    changes=st.fixed_dictionaries(CHANGES, optional=LENGTHS),
    ending=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    data=st.data(),
)
def test_any_good_letters(tmp_path, alphabet, changes, ending, data):
    """Most of these run, and each change is accounted for."""
    letters = st.text(GOOD[alphabet], max_size=12)
    # A last letter that is neither gap nor stop, so that no record is empty.
    texts = data.draw(st.lists(letters, min_size=2, max_size=6))
    stop = data.draw(st.sampled_from(["", "*"])) if alphabet == "protein" else ""
    rows = [(text + "A" + stop, ["no", "yes"][i % 2]) for i, text in enumerate(texts)]
    changes = changes | {"alphabet": {"name": alphabet}}
    outcome = attempt(tmp_path, "fasta and table", two_files(rows, ending), changes)
    assert outcome.message is None


@anything
@given(
    rows=st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=12), CELLS), max_size=6),
    gaps=st.sampled_from(["refuse", "remove", "unknown"]),
    ambiguous=st.sampled_from(["share", "refuse"]),
    alphabet=st.sampled_from(list(GOOD)),
)
def test_any_sequences_and_labels(tmp_path, rows, gaps, ambiguous, alphabet):
    changes = {"gaps": gaps, "ambiguous": ambiguous, "alphabet": {"name": alphabet}}
    attempt(tmp_path, "fasta and table", two_files(rows), changes)


@anything
@given(
    content=st.binary(max_size=9)
    | st.text(max_size=9).map(str.encode)
    | st.sampled_from([b"A", b"r", b"1", b"\n", b"\t", b",", b" ", b"no"]),
    name=st.sampled_from(["fasta and table", "csv", "numbers", "bed", "sentences", "parquet"]),
    data=st.data(),
)
def test_any_bytes_in_any_file(tmp_path, content, name, data):
    files = bases()[name].files
    file = data.draw(st.sampled_from(list(files)))
    at = data.draw(st.integers(0, len(files[file])))
    attempt(tmp_path, name, files | {file: files[file][:at] + content + files[file][at:]}, {})


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
    for _ in range(data.draw(st.integers(0, 2))):
        key = data.draw(st.sampled_from(list(configurations.KEYS)))
        value = data.draw(st.sampled_from(configurations.KEYS[key]))
        configuration = configurations.put(configuration, ("datasets", "d", key), value)
    for _ in range(data.draw(st.integers(0, 2))):
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
