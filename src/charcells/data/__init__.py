"""Texts as batches of tokens."""
