"""Run the examples, each into results/examples/NAME, and say in a line each how it went.

Those of real data run if `--data` has them. Called by `make examples`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import yaml

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parents[1]
sys.path.append(str(ROOT / "scripts"))

from seqarena.configuration import complete_config  # noqa: E402
from seqarena.errors import InputError  # noqa: E402
from seqarena.input_paths import resolve_paths  # noqa: E402


def missing_data(example: Path, data: Path) -> str | None:
    """Say which file of an example isn't there, or nothing.

    Parameters
    ----------
    example : pathlib.Path
        Its configuration.
    data : pathlib.Path
        Folder of the data sets.
    """
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    given = yaml.safe_load(example.read_text()) | {"data_folder": str(data)}
    config = complete_config(given, schema, [example])
    try:
        resolve_paths(config, [example])
    except InputError as error:
        return str(error).splitlines()[0]
    return None


def run(example: Path, data: Path, cores: str) -> bool:
    """Run an example; say whether it came to its report."""
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"),
        *("--cores", cores, "--directory", f"results/examples/{example.stem}"),
        *("--configfile", example, "--config", f"data_folder={data}"),
    ]
    return subprocess.run(list(map(str, command)), check=False).returncode == 0


def main() -> None:
    """Run all examples, or those that are named, and end with status 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
    parser.add_argument("names", nargs="*", help="examples to run; all if none is named")
    parser.add_argument("--data", type=Path, default=Path(), help="folder of the data sets")
    parser.add_argument("--cores", default="all")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(known)):
        parser.error(f"there is no example {unknown[0]}; there are {', '.join(known)}")
    data, lines, failed = arguments.data.resolve(), [], False
    for name in arguments.names or known:
        example = EXAMPLES / f"{name}.yaml"
        missing = missing_data(example, data)
        if missing:
            lines.append(f"skipped  {name}: {missing}")
            continue
        started = time.perf_counter()
        succeeded = run(example, data, arguments.cores)
        failed |= not succeeded
        seconds = time.perf_counter() - started
        place = f"results/examples/{name}/results/report.html"
        verdict = "finished" if succeeded else "FAILED  "
        lines.append(f"{verdict} {name}: {seconds:.0f} s, {place}")
    print("", *lines, sep="\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
