"""What was found with charcells: claims judged, published figures beaten or not, benchmarks, robustness."""

from charcells.process import prepare_process

prepare_process()  # before anything here imports PyTorch
