"""What sample.py can show beside the texts that it writes."""
