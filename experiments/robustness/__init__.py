"""Test that no run is lost: `python -m experiments.robustness` kills runs, causes faults and feeds odd input."""
