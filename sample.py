"""Write text with a trained model: the same as `charcells sample`. `python sample.py --help` lists everything."""

from charcells.__main__ import main

if __name__ == "__main__":
    main("sample")
