# %% [markdown]
# # Inside an LSTM
#
# We train a small LSTM, compute its gates by hand from its weights, check them against PyTorch, and look at what they
# do while it reads. It takes about two minutes.
#
# If charcells is not installed, on Colab for instance, put the address of its repository into the next cell.

# %% [install]

# %%
import charcells

run = charcells.train("trainer.max_epochs=3", "model.hidden_size=64", logger="none", threads=1, folder="runs/inside")
generator = run.generator()
model, vocabulary = generator.model, generator.vocabulary
run.summary["test/bpc"]

# %% [markdown]
# ## The equations
#
# With the input $x_t$ (here the embedding of a character), the state $h_{t-1}$ and the cell $c_{t-1}$,
#
# $$
# \begin{aligned}
# i &= \sigma(W_i x_t + U_i h_{t-1} + b_i) & f &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
# g &= \tanh(W_g x_t + U_g h_{t-1} + b_g) & o &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
# c_t &= f \odot c_{t-1} + i \odot g & h_t &= o \odot \tanh(c_t)
# \end{aligned}
# $$
#
# PyTorch keeps the four matrices below one another, in the order i, f, g, o, and has two bias vectors, which are added.

# %%
import torch


@torch.no_grad()
def read(text):
    """A tensor (T, H) for each of i, f, g, o, c, h: its value in each unit after each of T characters."""
    weights = {name: value for name, value in model.rnn.named_parameters()}
    tokens = torch.from_numpy(vocabulary.encode(text)).long()
    h = c = torch.zeros(model.hidden_size)
    steps = []
    for x in model.embedding(tokens):
        sums = weights["weight_ih_l0"] @ x + weights["weight_hh_l0"] @ h + weights["bias_ih_l0"] + weights["bias_hh_l0"]
        i, f, g, o = sums.chunk(4)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        steps.append((i, f, g, o, c, h))
    return dict(zip("ifgoch", map(torch.stack, zip(*steps))))


text = 'The "with" statement is used to wrap the execution of a block.\nIt is "new" in version 2.5.\n'
values = read(text)
{name: tuple(value.shape) for name, value in values.items()}

# %% [markdown]
# ## Are they right?
#
# charcells reads the same text through `nn.LSTM`. The numbers have some seven digits, and are added in another order
# there, so the last digits may differ.

# %%
from charcells.writing.units import states

theirs = states(model, torch.from_numpy(vocabulary.encode(text)).long())
for name in "ch":
    difference = (values[name] - torch.from_numpy(theirs[name][:, 0])).abs().max().item()
    print(f"largest difference in {name}: {difference:.1e}")
    assert difference < 1e-4

# %% [markdown]
# ## What the gates do
#
# A column is a character, a row a unit. The forget gate *f* is near 1 (dark) where a unit keeps what it holds. Units
# are sorted by its mean: those at the top forget quickly, those at the bottom remember.

# %%
import matplotlib.pyplot as plt

order = values["f"].mean(0).argsort()
figure, rows = plt.subplots(3, 1, figsize=(14, 9), sharex=True)
for axes, (name, title) in zip(rows, {"i": "input gate", "f": "forget gate", "o": "output gate"}.items()):
    picture = axes.imshow(values[name][:, order].T, aspect="auto", cmap="Blues", vmin=0, vmax=1)
    axes.set(title=title, ylabel="unit")
    figure.colorbar(picture, ax=axes, label="open (1) or closed (0)")
axes.set_xticks(range(len(text)), [character.replace("\n", "⏎") for character in text], fontfamily="monospace")
plt.show()

# %% [markdown]
# ## What surprises it
#
# The bits of each character: high where a word begins, low inside a word that can only end in one way.

# %%
surprise = generator.score(text)
figure, axes = plt.subplots(figsize=(14, 3))
axes.bar(range(len(text)), surprise.bits, color="#0072B2")
axes.set(ylabel="bits", title=f"{surprise.bpc:.2f} bits per character")
axes.set_xticks(range(len(text)), [character.replace("\n", "⏎") for character in text], fontfamily="monospace")
plt.show()

# %% [markdown]
# ## Units that follow something
#
# For each property of a text (inside quotation marks, position in the line, inside a word, ...), the units whose
# value goes with it best. They are chosen on the first half of a text that the model was not trained on; the
# correlation is that of the second half.

# %%
import pandas as pd

from charcells.writing.texts import load_texts
from charcells.writing.units import find_units

unread = load_texts(run.path).held_out[:4000]
units = find_units(model, torch.from_numpy(vocabulary.encode(unread)).long(), unread)
pd.DataFrame(units).round(2)

# %% [markdown]
# The unit that goes with words best, over our text: it rises in words and falls between them, or the other way round.

# %%
best = max((unit for unit in units if unit.feature == "words"), key=lambda unit: abs(unit.correlation))
course = values[best.state][:, best.unit]
figure, axes = plt.subplots(figsize=(14, 3))
axes.plot(course, color="#0072B2")
axes.set(
    ylabel=f"{best.state} of unit {best.unit}", title=f"follows {best.feature}: correlation {best.correlation:.2f}"
)
axes.set_xticks(range(len(text)), [character.replace("\n", "⏎") for character in text], fontfamily="monospace")
plt.show()

# %% [markdown]
# ## How long does it remember?
#
# A cell that keeps a share *f* of its value at each step has half of it left after $\ln 0.5 / \ln f$ steps.

# %%
half_life = torch.log(torch.tensor(0.5)) / values["f"].clamp(max=0.9999).log().mean(0)
print(
    f"half of the units forget half within {half_life.median():.1f} characters; the slowest takes {half_life.max():.0f}"
)
