"""Every rule says what it needs of a cluster, and no run at home is stopped by that."""

import re

import pytest

from .conftest import ROOT

RULES = {
    match[1]: match[0]
    for path in (ROOT / "workflow/rules").glob("*.smk")
    for match in re.finditer(r"^rule (\w+):\n(?:.*\n)*?(?=^\S|\Z)", path.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_asks_for_memory_and_time(name):
    assert re.search(r"^        mem_mb=grows", RULES[name], re.MULTILINE)
    assert re.search(r"^        runtime=(grows|training_minutes)", RULES[name], re.MULTILINE)
    assert "partition" not in RULES[name] and "retries" not in RULES[name]


@pytest.mark.slow
def test_less_memory_than_a_rule_asks_for_is_no_obstacle_at_home(workflow):
    target = "results/motif_fixed/simulation/labels.tsv"
    status, output = workflow.run("--resources", "mem_mb=100", "--", target)
    assert status == 0, output
    assert "mem_mb=100," in output and (workflow.folder / target).is_file()


@pytest.mark.slow
def test_memory_grows_with_the_data_and_with_the_attempt(workflow):
    data = workflow.folder / "results/motif_fixed/data"
    data.mkdir(parents=True)
    for name in ("tokens.npy", "offsets.npy", "records.parquet", "summary.json"):
        (data / name).touch()
    (data / "tokens.npy").write_bytes(bytes(10 << 20))

    def asked(*arguments):
        target = "results/motif_fixed/splits/clusters.tsv"
        options = ("--dry-run", "--allowed-rules", "group_records", *arguments)
        status, output = workflow.run(target, *options)
        assert status == 0, output
        return {name: int(value) for name, value in re.findall(r"(mem_mb|runtime)=(\d+)", output)}

    assert asked() == {"mem_mb": 1_900, "runtime": 70}
    assert asked("--attempt", "2") == {"mem_mb": 3_800, "runtime": 140}
