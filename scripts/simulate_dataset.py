"""Simulate a dataset with a known truth."""

from rule_script import rule_script
from seqarena.data.simulation_parts import write_simulation
from seqarena.data.simulations import simulate_kind


@rule_script
def main(snakemake):
    """Write FASTA, labels and the truth."""
    simulation = simulate_kind(**snakemake.params.simulation, seed=snakemake.params.seed)
    output = snakemake.output
    write_simulation(simulation, output.fasta, output.labels, output.truth)


if __name__ == "__main__":
    main(snakemake)
