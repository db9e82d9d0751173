"""Seqarena: models of DNA sequence compete on equal terms.

From sequences and labels to results/report.html, in six stages with a rule file each. What is
compared on what is said in the configuration: config/config.yaml, or your own by --configfile.
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

DEFAULT_CONFIGURATION = Path(workflow.basedir) / "config/config.yaml"

# A configuration of one's own replaces the default instead of being merged into it: otherwise the
# simulated datasets would be run beside the user's.
if "datasets" not in config:

    configfile: DEFAULT_CONFIGURATION


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/splits.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/reporting.smk"


rule all:
    default_target: True
    input:
        rules.write_report.output.html,
        tables_for_people,


# Jobs of another machine are asked there: this one needn't have what they run on.
onstart:
    if workflow.local_exec:
        check_device()
