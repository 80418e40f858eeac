"""The machinery of the study: runs of an experiment, measures of trained models, verdicts, and the report on them."""
