"""charcells: train, compare and understand character-level RNN, GRU and LSTM language models.

Usage
  charcells train [OPTIONS]      train a model, or a sweep of models
  charcells sample [OPTIONS]     write text with a trained model
  charcells score [OPTIONS]      bits per character of any text under a trained model
  charcells classify [OPTIONS]   which of two labels a text has, by a trained classifier
  charcells probe [OPTIONS]      labels of reviews, predicted from the state of a character model
  charcells reviews imdb         tables of film reviews from their official archive
  charcells page [OPTIONS]       one HTML file in which trained models write, offline
  charcells export [OPTIONS]     a trained model as safetensors, ONNX or TorchScript, or on a hub
  charcells runs FOLDER          compare the runs of a sweep
  charcells dashboard [OPTIONS]  the workspace and the report of a sweep in W&B
  charcells baselines [OPTIONS]  n-grams and compressors on the same text and split

`charcells COMMAND --help` explains a command.
"""

import importlib
import sys

import charcells
from charcells.errors import UserError, did_you_mean, report_user_errors
from charcells.process import prepare_process
from charcells.signals import exit_at_once_on_interrupt

COMMANDS = [
    "train",
    "sample",
    "score",
    "classify",
    "probe",
    "reviews",
    "page",
    "export",
    "runs",
    "dashboard",
    "baselines",
]


def main(command: str | None = None) -> None:
    """Run a command with the arguments of this process. If `command` is None, the first argument names it."""
    exit_at_once_on_interrupt()  # nothing has to be saved while Hydra and PyTorch are being imported
    prepare_process()
    with report_user_errors():
        if command is None:
            command = sys.argv[1] if len(sys.argv) > 1 else "--help"
            if command in ("-h", "--help"):
                print(__doc__)
                return
            if command == "--version":
                print(f"charcells {charcells.__version__}")
                return
            if command not in COMMANDS:
                meant = did_you_mean(command, COMMANDS)
                raise UserError(f"unknown command {command}{meant or ':'} choose one of {', '.join(COMMANDS)}")
            arguments = sys.argv[2:]
        else:
            arguments = sys.argv[1:]
        if "--version" in arguments:
            print(f"charcells {charcells.__version__}")
            return
        importlib.import_module(f"charcells.cli.{command}").main(arguments)


if __name__ == "__main__":
    main()
