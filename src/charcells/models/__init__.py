"""Recurrent cells, the language model around them, and the file that holds a trained one."""
