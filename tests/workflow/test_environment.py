"""The lock and what must agree with it."""

import re

import pytest
import yaml

from .conftest import ROOT

LOCKS = sorted(ROOT.glob("requirements*.txt"))
ADDITIONS = {"requirements-cluster"}  # to an environment, not a whole one
PROGRAMS = {"python", "mmseqs2"}
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "parasail-python": "parasail",
    "tensorflow": "tensorflow-cpu",
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
