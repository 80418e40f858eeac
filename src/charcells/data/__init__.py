"""Batches of tokens, for training and for scoring held-out text."""
