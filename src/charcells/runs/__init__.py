"""Run folders: what lies in one, and many of them as a table. No PyTorch."""
