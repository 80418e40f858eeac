"""The report on the findings: `python -m experiments.study.report`."""
