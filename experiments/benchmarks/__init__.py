"""How fast charcells is compared with a yardstick: `python -m experiments.benchmarks` runs all benchmarks."""
