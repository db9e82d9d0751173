"""A digest of the code that a script runs, so that an edit reruns what depends on it."""

import ast
import hashlib
from functools import cache
from pathlib import Path


def code_digest(script: str | Path) -> str:
    """Digest a script together with the modules beside it that it reaches by import.

    Snakemake sees an edit of a script but not of a module that the script imports. Given as a
    parameter of the rule, this digest makes such an edit a reason to run again, and no other.

    Parameters
    ----------
    script : path-like
        A Python script; modules are looked for in its folder.

    Returns
    -------
    str
        Hexadecimal SHA-256.
    """
    script = Path(script)
    digest = hashlib.sha256()
    for path in sorted(_reached(script)):
        digest.update(path.relative_to(script.parent).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _reached(script: Path) -> set[Path]:
    root, found, waiting = script.parent, set(), [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path, root)
    # A module's templates and styles lie beside it and decide its output as much as its code.
    return found | {
        beside
        for module in found
        if module.parent != root
        for beside in module.parent.iterdir()
        if beside.is_file() and beside.suffix not in (".py", ".pyc")
    }


@cache
def _imports(path: Path, root: Path) -> tuple[Path, ...]:
    """List the files below `root` that the module at `path` imports, packages included."""
    names = []
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    files = set()
    for name in names:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            module = root.joinpath(*parts[:depth])
            files |= {module.with_suffix(".py"), module / "__init__.py"}
    return tuple(sorted(file for file in files if file.is_file()))
