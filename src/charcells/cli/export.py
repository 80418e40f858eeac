"""Export a trained model: a folder with its weights, configuration, vocabulary and a model card.

Usage
  charcells export run=RUN_FOLDER to=FOLDER                      weights as safetensors, which charcells reads back
  charcells export run=RUN_FOLDER to=FOLDER format=onnx          one step for ONNX Runtime, with a program that writes
  charcells export run=RUN_FOLDER to=FOLDER format=torchscript   the same for PyTorch without charcells
  charcells export run=RUN_FOLDER to=USER/NAME format=hub        safetensors, pushed to the Hugging Face hub (private)

charcells.load(FOLDER), `charcells sample run=FOLDER` and the like read what was exported as safetensors. The formats
onnx and torchscript are for language models of rnn, gru and lstm.

Options (name=value), each with its default
"""

from collections.abc import Sequence

from charcells.cli.command_line import command_line
from charcells.cli.compose import command_options
from charcells.process import prepare_process
from charcells.runs.folder import named_run


def main(arguments: Sequence[str]) -> None:
    """`charcells export` with these arguments. Raises UserError."""
    config = command_options("export", arguments, __doc__)
    prepare_process(threads=1)
    from charcells.exporting.export import export

    print(f"exported: {export(named_run(config.run), config.to, config.format, command_line)}")
