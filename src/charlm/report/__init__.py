"""The report on the claims: `python -m charlm.report`."""
