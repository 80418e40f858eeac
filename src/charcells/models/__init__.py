"""Recurrent cells, the language model CharRNN, and its checkpoint file."""
