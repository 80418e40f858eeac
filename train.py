"""Train a model: the same as `charcells train`. `python train.py --help` lists everything."""

from charcells.__main__ import main

if __name__ == "__main__":
    main("train")
