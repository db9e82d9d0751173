"""Seqarena's library: from sequence records to a trustworthy comparison of models.

Six stages, a package each, in the order in which data flows: `data`, `splits`, `models`,
`evaluation`, `interpretation`, `reporting`. No stage imports a later one, and none knows Snakemake.
"""
