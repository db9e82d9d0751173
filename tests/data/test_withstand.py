"""Spoiled files and configurations either run, with every change counted, or end in one message."""

import json
import os
import random
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from . import accountant, configurations
from .corpus import Base, bases
from .mutators import BYTES, unpacked
from .table_mutators import all_mutators
from .withstand import complete, go_on, is_prepared, try_configuration, unclear, within

SEED = int(os.environ.get("FUZZ_SEED", "1"))
TRIES = int(os.environ.get("FUZZ_TRIES", "1"))
"""How many seeds are tried, from SEED on; `make fuzz` sets both."""

SOUND = "nothing was spoiled"


class Case(NamedTuple):
    """A spoiled dataset: what was done to it, its files, and its configuration as text or done."""

    what: str
    files: dict[str, bytes]
    configuration: str | dict


def text(configuration: dict) -> str:
    return yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True)


@cache
def completed(name: str) -> dict:
    """The complete configuration of a base, with relative paths."""
    with TemporaryDirectory() as folder:
        for file in bases()[name].files:
            Path(folder, file).touch()
        Path(folder, "test.yaml").write_text(text(bases()[name].configuration()))
        with within(folder):
            return complete(Path("test.yaml"))


def spoiled_files(name: str, base: Base, seed: int) -> Iterator[Case]:
    """Mutators, some of them at each seed, on each file: within its archive, or on its bytes."""
    yield Case(SOUND, base.files, text(base.configuration()))
    configuration = completed(name)
    for file, kind in base.kinds.items():
        for how, mutate in all_mutators(kind).items():
            rng = random.Random(f"{seed} {name} {file} {how}")
            if rng.random() > (0.15 if how in BYTES else 0.6):  # or a run takes minutes
                continue
            content, pack = unpacked(base.files[file])
            changed = pack(mutate(rng, content))
            if content != base.files[file] and rng.random() < 0.5:
                changed = mutate(rng, base.files[file])
            yield Case(f"{file}: {how}", base.files | {file: changed}, configuration)


def spoiled_configurations(name: str, base: Base, seed: int) -> Iterator[Case]:
    rng = random.Random(f"{seed} {name}")
    turn = seed + list(bases()).index(name)
    for what, changed in configurations.changed_values(rng, base.configuration(), turn):
        yield Case(what, base.files, yaml.dump(changed, sort_keys=False, allow_unicode=True))


def spoiled_texts(base: Base) -> Iterator[Case]:
    sound = text(base.configuration())
    for what, change in configurations.TEXTS.items():
        yield Case(what, base.files, change(sound))


EACH = 40
"""Of the datasets that can be prepared, each of this number is split and trained on."""


class Tally:
    """What became of the tries of this process."""

    def __init__(self):
        self.counts = Counter()

    def attempt(self, case: Case, folder: Path) -> str | None:
        """Try a case; give words for what is wrong, or nothing."""
        folder.mkdir()
        for name, content in case.files.items():
            (folder / name).write_bytes(content)
        whole = case.configuration
        if isinstance(whole, str):
            (folder / "test.yaml").write_bytes(whole.encode("utf-8", "surrogatepass"))
            whole = None
        self.counts["tried"] += 1
        try:
            outcome = try_configuration(folder, whole)
            if outcome.message is not None:
                self.counts["refused"] += 1
                assert case.what != SOUND, outcome.message
                return self._judge(outcome.message, needs_place=whole is not None)
            self.counts["ran"] += 1
            if is_prepared(outcome.whole):
                with within(folder):
                    accountant.account(outcome.whole["datasets"]["d"], folder / "data")
                if case.what == SOUND or self.counts["ran"] % EACH == 0:
                    return self._go_on(case, outcome.whole, folder)
        except Exception:
            return traceback.format_exc(limit=-4)
        return None

    def _judge(self, message: str, needs_place: bool) -> str | None:
        wrong = unclear(message)
        if needs_place and "\n  where: file " not in message:
            wrong = "it names no file"
        return wrong and f"{wrong}: {message}"

    def _go_on(self, case: Case, whole: dict, folder: Path) -> str | None:
        self.counts["trained on"] += 1
        message = go_on(whole, folder)
        assert message is None or case.what != SOUND, message
        return message and unclear(message)


@pytest.fixture(scope="module")
def tally():
    tally = Tally()
    yield tally
    counts = ", ".join(f"{what} {number}" for what, number in tally.counts.items())
    print(f"\nspoiled inputs, seeds {SEED} to {SEEDS[-1]}: {counts}")


def check(tally: Tally, cases, folder: Path) -> None:
    wrong = []
    for number, case in enumerate(cases):
        found = tally.attempt(case, folder / str(number))
        if found:
            wrong.append(f"{case.what}\n{found}")
    assert not wrong, f"{len(wrong)} cases:\n" + "\n\n".join(wrong)


SEEDS = range(SEED, SEED + TRIES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", bases())
def test_spoiled_files_run_in_full_or_are_refused(tally, name, seed, tmp_path):
    check(tally, spoiled_files(name, bases()[name], seed), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", bases())
def test_spoiled_configurations_run_in_full_or_are_refused(tally, name, seed, tmp_path):
    check(tally, spoiled_configurations(name, bases()[name], seed), tmp_path)


def test_spoiled_texts_of_a_configuration_run_or_are_refused(tally, tmp_path):
    check(tally, spoiled_texts(bases()["fasta and table"]), tmp_path)


def test_the_account_finds_what_is_not_counted(tmp_path):
    """The accountant is of use only if it finds a change that the summary hides."""
    name = "gaps and codes"
    tally = Tally()
    case = Case(SOUND, bases()[name].files, text(bases()[name].configuration()))
    assert tally.attempt(case, tmp_path / "x") is None
    data, settings = tmp_path / "x/data", completed(name)["datasets"]["d"]

    def finds(file, spoil):
        whole = (data / file).read_bytes()
        spoil(data / file)
        with within(tmp_path / "x"), pytest.raises(AssertionError):
            accountant.account(settings, data)
        (data / file).write_bytes(whole)

    def one_token(path):
        tokens = np.load(path)
        tokens[3] = (tokens[3] + 1) % 4
        np.save(path, tokens)

    def one_count(path):
        summary = json.loads(path.read_text())
        summary["changes"][0]["count"] -= 1
        path.write_text(json.dumps(summary))

    def one_entry(path):
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"changes": summary["changes"][1:]}))

    def one_label(path):
        records = pd.read_parquet(path)
        records.loc[4, "label"] = 1 - records.loc[4, "label"]
        records.to_parquet(path)

    def two_names(path):
        records = pd.read_parquet(path)
        records["record"] = records["record"].to_numpy()[::-1]
        records.to_parquet(path)

    finds("tokens.npy", one_token)
    finds("summary.json", one_count)
    finds("summary.json", one_entry)
    finds("records.parquet", one_label)
    finds("records.parquet", two_names)
