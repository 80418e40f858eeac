"""How fast charcells is, each benchmark beside its yardstick: `python -m experiments.benchmarks` runs them all."""
