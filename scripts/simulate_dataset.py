"""Simulate a dataset with a known truth."""

from rule_script import rule_script
from seqarena.data.simulation import simulate, write_simulation


@rule_script
def main(snakemake):
    """Write FASTA, labels and the truth."""
    simulation = simulate(**snakemake.params.simulation, seed=snakemake.params.seed)
    output = snakemake.output
    write_simulation(simulation, output.fasta, output.labels, output.truth)


if __name__ == "__main__":
    main(snakemake)
