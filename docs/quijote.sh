#!/bin/sh
# Trains three cells of 256 units on Don Quijote. From them it makes docs/quijote.html, in which they write side by side,
# and the models in docs/models. Run it at the top of the repository: sh docs/quijote.sh
# The text is fetched, or read from CHARCELLS_CORPORA. On one idle core of 2020 it takes about twelve minutes.
#
# 1x256 and not 1x128, because the text they write is plainly better. The page has int8 and not float16, because a
# repository keeps every version of it: 1.1 instead of 2.0 MB, for at most 0.003 bits per character.
# The page quotes 400 characters of the validation text (part II, chapter 45), and no more of the book.
set -eu
python train.py -m cell=rnn,gru,lstm corpus=quijote model.hidden_size=256 data.batch_size=32 trainer.max_epochs=5 \
    'samples.prompts=[En un lugar de la Mancha]' threads=1 hydra.sweep.dir=runs/quijote 'hydra.sweep.subdir=${cell.name}'
python -m charcells page sweep=runs/quijote out=docs/quijote.html weights=int8
python -m charcells baselines corpus=quijote # for the figure beside which each card shows its own
for cell in rnn gru lstm; do
    rm -rf docs/models/$cell # an export goes into a new folder only
    python -m charcells export run=runs/quijote/$cell to=docs/models/$cell
done
