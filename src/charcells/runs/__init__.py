"""Run folders: reading and writing one, comparing many. No PyTorch."""
