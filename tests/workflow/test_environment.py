"""The lock and what must agree with it."""

import ast
import re
from importlib.metadata import packages_distributions

import pytest
import yaml

from .conftest import ROOT

SCRIPTS = ROOT / "scripts"
LOCKS = sorted(ROOT.glob("requirements*.txt"))
ADDITIONS = {"requirements-cluster"}  # to an environment, not a whole one
PROGRAMS = {"python", "mmseqs2"}
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "parasail-python": "parasail",
    "tensorflow": "tensorflow-cpu",
}
BROUGHT_BY = {"markupsafe": "jinja2", "threadpoolctl": "scikit-learn"}
INSTALLED = packages_distributions()
RULES = {
    script: environment
    for path in sorted((ROOT / "workflow/rules").glob("*.smk"))
    for environment, script in re.findall(
        r"envs/(\w+\.yaml)(?:(?!^rule ).*\n)+?.*scripts/(\w+\.py)", path.read_text(), re.MULTILINE
    )
}


def locked(path):
    """Read the versions that a lock gives to Python 3.12, which the conda environments have."""
    versions = {}
    for line in path.read_text().splitlines():
        found = re.match(r"^([a-z0-9._-]+)==([^ ;]+)(?: ; (.*?))? \\$", line)
        if found:
            name, version, marker = found.groups()
            other = marker and re.search(r"python_full_version < '([\d.]+)'", marker)
            if not other:
                versions[name] = version
    return versions


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_locks_carry_hashes_and_no_address(path):
    text = path.read_text()
    assert "://" not in text and "index-url" not in text
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert len(entries) > (10 if path.stem in ADDITIONS else 50)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_locks_agree_with_each_other():
    runtime = locked(ROOT / "requirements.txt")
    for path in LOCKS:
        versions = locked(path)
        if path.stem in ADDITIONS:
            versions = runtime | versions
        missing = {name for name in runtime if versions.get(name) != runtime[name]}
        assert missing <= {"tensorflow-cpu", "tensorflow"}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_agree_with_the_lock(path):
    versions = locked(ROOT / "requirements.txt")
    packages = yaml.safe_load(path.read_text())["dependencies"]
    for package in packages:
        name, version = package.split("=")
        if name not in PROGRAMS:
            assert versions[CONDA_NAMES.get(name, name)] == version


def packages_at_start(script):
    """Name the packages that a script and the modules of the house that it reaches import first."""
    waiting, reached, modules = [script], set(), set()
    while waiting:
        path = waiting.pop()
        reached.add(path)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            modules |= {name.split(".")[0] for name in names}
            files = {(SCRIPTS / name.replace(".", "/")).with_suffix(".py") for name in names}
            waiting += [file for file in files - reached if file.is_file()]
    packages = {INSTALLED[name][0] for name in modules if name in INSTALLED}
    return {name.lower().replace("_", "-") for name in packages}


def test_each_script_has_its_conda_environment():
    assert set(RULES) == {path.name for path in SCRIPTS.glob("*.py")} - {"rule_script.py"}


@pytest.mark.parametrize("script", RULES)
def test_conda_environments_have_what_scripts_import(script):
    packages = yaml.safe_load((ROOT / "envs" / RULES[script]).read_text())["dependencies"]
    names = {package.split("=")[0] for package in packages}
    there = {CONDA_NAMES.get(name, name) for name in names}
    needed = packages_at_start(SCRIPTS / script)
    assert "pandas" in needed
    assert {BROUGHT_BY.get(name, name) for name in needed} <= there
