"""Reproduce the study: `python -m experiments.reproduce [claim=...] [scale=...]`; --help explains the options."""

import sys

from experiments.study.reproduce import main

if __name__ == "__main__":
    main(sys.argv[1:])
