"""The command line: `charcells train` and its siblings. Beside hydra_plugins the only place that knows Hydra."""
