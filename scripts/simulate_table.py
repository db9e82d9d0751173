"""Simulate a table of sentences or of numbers with a known truth."""

from rule_script import rule_script
from seqarena.data.simulations import simulate_kind, write_table
from seqarena.simulation_settings import KINDS


@rule_script
def main(snakemake):
    """Write the records with their labels, and the truth."""
    params, output = snakemake.params, snakemake.output
    simulation = simulate_kind(**params.simulation, seed=params.seed)
    sequence = KINDS[params.simulation["kind"]].sequence
    write_table(simulation, sequence, output.records, output.truth)


if __name__ == "__main__":
    main(snakemake)
