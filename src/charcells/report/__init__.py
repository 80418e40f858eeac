"""The report on the claims: `python -m charcells.report`."""
