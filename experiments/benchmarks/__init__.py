"""How fast charlm is, each benchmark beside its yardstick: `python -m experiments.benchmarks` runs them all."""
