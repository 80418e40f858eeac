"""From a name to a text, and what can be said of texts by counting. No PyTorch."""
