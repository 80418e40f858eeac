#!/bin/sh
# Makes docs/quijote.html: three cells of 256 units, trained on Don Quijote, that write side by side.
# Run it at the top of the repository: sh docs/quijote.sh
# The text is fetched, or read from CHARCELLS_CORPORA. On one idle core of 2020 it takes about twelve minutes.
#
# 1x256 and not 1x128, because the text they write is plainly better; int8 and not float16, because a repository keeps
# every version of the page: 1.1 instead of 2.0 MB, for at most 0.003 bits per character.
# The page quotes 400 characters of the validation text (part II, chapter 45), and no more of the book.
set -eu
python train.py -m cell=rnn,gru,lstm corpus=quijote model.hidden_size=256 data.batch_size=32 trainer.max_epochs=5 \
    'samples.prompts=[En un lugar de la Mancha]' hydra.sweep.dir=runs/quijote 'hydra.sweep.subdir=${cell.name}'
python -m charcells page 'runs=[runs/quijote/rnn,runs/quijote/gru,runs/quijote/lstm]' out=docs/quijote.html weights=int8
