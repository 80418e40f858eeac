"""One run from configuration to summary, by Lightning."""
