"""Training one run with Lightning, from its configuration to its summary."""
