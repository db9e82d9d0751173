"""From FASTA to a dataset in one call, as the rule does it in two."""

from seqarena.data import preparation
from seqarena.data.labels import Columns
from seqarena.data.sources import read_fasta_records

READING = ("table", "id_column", "header_pattern")
COLUMNS = {"group_column": "group", "split_column": "split", "weight_column": "weight"}


def prepare_dataset(task, fasta, table=None, *, label_columns=("label",), **settings):
    named = {COLUMNS[key]: settings.pop(key) for key in COLUMNS if key in settings}
    reading = {key: settings.pop(key) for key in READING if key in settings}
    records = read_fasta_records(fasta, Columns(label_columns, **named), table=table, **reading)
    return preparation.prepare_dataset(task, records, **settings)
