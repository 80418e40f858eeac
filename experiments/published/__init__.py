"""Models trained here, compared with published figures; each file is a command: `python -m experiments.published.X`."""
