"""Input files that a configuration names: found, or missed in plain words before any work."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqarena.configuration import dotted, locate
from seqarena.errors import InputError
from seqarena.split_settings import ROLES


def resolve_paths(config: dict, files: Sequence[str | Path] = (), must_exist: bool = True) -> None:
    """Give input paths their one form and make sure that each is there.

    Sources become lists of paths, or a mapping from class to such a list. Relative paths start from
    ``data_folder``. `config` is changed in place.

    Parameters
    ----------
    config : dict
        As `complete_config` returns it.
    files : sequence of path-like, optional
        The YAML files from which it was read, to name lines in messages.
    must_exist : bool
        Whether the files lie on this machine, and not in a cloud's storage.

    Raises
    ------
    InputError
        If a file is missing that must exist; the nearest name in its folder is suggested.
    """
    folder = config["data_folder"]

    def resolve(keys: tuple, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolve((*keys, key), part) for key, part in value.items()}
        if isinstance(value, list):
            return [resolve(keys, part) for part in value]
        path = Path(folder, value)
        return _existing(path, keys, files) if must_exist else str(path)

    for name, dataset in config["datasets"].items():
        keys = ("datasets", name)
        if "fasta" in dataset:
            dataset["fasta"] = resolve((*keys, "fasta"), _as_lists(dataset["fasta"]))
        for source in ("table", "intervals", "numbers"):
            if source in dataset:
                paths = _as_lists(dataset[source]["file"])
                dataset[source]["file"] = resolve((*keys, source, "file"), paths)
        places = [("labels", "table"), ("intervals", "genome")]
        places += [("split", role) for role in ROLES]
        for section, key in places:
            if key in dataset.get(section, {}):
                path = dataset[section][key]
                dataset[section][key] = resolve((*keys, section, key), path)
    for name, model in config["models"].items():
        file = builder_file(model)
        if file:
            start = "the folder in which you run the workflow"
            _existing(Path(file), ("models", name, "architecture"), files, start)


def builder_file(model: dict) -> str | None:
    """Name the file of a ``models`` entry whose architecture is ``path/to/file.py:function``."""
    file, colon, _ = model["architecture"].rpartition(":")
    return file if colon else None


def _as_lists(fasta: Any) -> Any:
    if isinstance(fasta, dict):
        return {name: _as_lists(paths) for name, paths in fasta.items()}
    return [fasta] if isinstance(fasta, str) else fasta


def _existing(
    path: Path, keys: tuple, files: Sequence[str | Path], start: str = "`data_folder`"
) -> str:
    try:
        if path.is_file():
            return str(path)
    except OSError as error:  # such as a name that is too long
        file, line = locate(keys, files)
        problem = f"`{dotted(keys)}` can't be looked for ({error.strerror}): {path}"
        raise InputError(problem, file=file, line=line, remedy="correct the path") from None
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, beside, n=1)
    if path.is_dir():
        remedy = "name a file"
    elif close:
        remedy = f"did you mean `{path.parent / close[0]}`?"
    elif path.parent.is_dir():
        remedy = f"correct the path, or put the file there; relative paths start from {start}"
    else:
        remedy = f"there is no folder `{path.parent}`; relative paths start from {start}"
    file, line = locate(keys, files)
    found = "a folder" if path.is_dir() else "not there"
    problem = f"`{dotted(keys)}` names {path}, which is {found}"
    raise InputError(problem, file=file, line=line, remedy=remedy)
