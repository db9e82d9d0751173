#!/usr/bin/env bash
# Install Debian's SLURM for `make test-slurm`. Where that can't be, say so: the test is skipped then.
set -euo pipefail
if command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "SLURM isn't here and can't be installed without root and apt-get: its test will be skipped."
  exit 0
fi
# The packages start no daemons in runlevel 1; the test starts its own.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
if ! { timeout 120 apt-get update -qq && timeout 300 apt-get install -qq --no-install-recommends \
  slurmctld slurmd slurm-client munge >/dev/null; }; then
  echo "SLURM could not be installed: its test will be skipped."
fi
