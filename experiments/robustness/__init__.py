"""Whether anything is lost: `python -m experiments.robustness` kills, hinders and feeds runs, and counts."""
