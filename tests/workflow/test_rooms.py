"""The house keeps its order: who imports whom, and what every script and rule has."""

import ast
import re
import subprocess
import sys

import pytest

from .conftest import ROOT

STAGES = ("data", "splits", "models", "evaluation", "interpretation", "reporting")
MAY_IMPORT = {
    "data": set(),
    "splits": {"data"},
    "models": {"data"},
    "evaluation": set(),
    "interpretation": {"data", "models"},
    "reporting": set(),
}
LIBRARY = ROOT / "scripts/seqarena"
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


def imported(path):
    """Name all modules that a file imports, at its top or deeper."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: p.stem)
def test_no_stage_imports_a_later_one(path):
    stage = path.relative_to(LIBRARY).parts[0]
    stages = {
        name.split(".")[1] for name in imported(path) if re.match(r"seqarena\.\w+", name)
    } & set(STAGES)
    assert stages <= MAY_IMPORT.get(stage, set()) | {stage}
    assert not any(name.split(".")[0] == "snakemake" for name in imported(path))


@pytest.mark.parametrize("path", sorted(ROOT.glob("scripts/**/*.py")), ids=lambda p: p.stem)
def test_tensorflow_stays_in_its_rooms(path):
    needs = {name.split(".")[0] for name in imported(path)} & {"tensorflow", "keras"}
    allowed = path.parent.name in ("models", "interpretation") and path.stem != "baselines"
    assert not needs or allowed


def test_no_rule_file_loads_tensorflow():
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]:
        assert not re.search(r"^\s*(import|from)\s+(tensorflow|keras)", path.read_text(), re.M)
    for name in ("code_digest", "configuration", "errors"):
        assert not any(
            module.startswith("seqarena.models") for module in imported(LIBRARY / f"{name}.py")
        )


@pytest.mark.slow
def test_analysis_scripts_do_not_load_tensorflow():
    """Import each script in a fresh process: imports can also come by a detour."""
    others = [p.stem for p in SCRIPTS if p.stem not in ("train_network",)]
    code = "import sys\n" + "\n".join(f"import {name}" for name in others)
    code += "\nprint(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert output.stdout.strip() == "[]"


def test_each_rule_has_a_script_of_its_name():
    rules = {}
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        rules |= dict.fromkeys(re.findall(r"^rule (\w+):", path.read_text(), re.M), path)
        scripts = re.findall(r"scripts/(\w+)\.py", path.read_text())
        assert scripts == re.findall(r"^rule (\w+):", path.read_text(), re.M)
    assert set(rules) == {path.stem for path in SCRIPTS} - {"rule_script"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_are_doors(path):
    text = path.read_text()
    assert "from __future__" not in text
    if path.stem != "rule_script":
        assert text.rstrip().endswith('if __name__ == "__main__":\n    main(snakemake)')
        assert "@rule_script\ndef main(snakemake):" in text
