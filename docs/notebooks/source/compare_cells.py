# %% [markdown]
# # {{ title }}
#
# {{ intro }}

# %% [install]

# %% [markdown]
# ## {{ train_title }}
#
# {{ train }}

# %%
import charcells

runs = {
    cell: charcells.train("trainer.max_epochs=3", cell=cell, logger="none", threads=1, folder=f"runs/{cell}")
    for cell in ("rnn", "gru", "lstm")
}

# %% [markdown]
# ## {{ curves_title }}
#
# {{ curves }}

# %%
import matplotlib.pyplot as plt

from charcells.registry import CELLS

figure, axes = plt.subplots(figsize=(7, 4))
for cell, run in runs.items():
    course = run.metrics.dropna(subset=["val/bpc"])
    axes.plot(course["chars_seen"] / 1e6, course["val/bpc"], "o-", color=CELLS[cell].colour)
    axes.annotate(
        cell, (course["chars_seen"].iloc[-1] / 1e6, course["val/bpc"].iloc[-1]), (6, 0), textcoords="offset points"
    )
axes.set(xlabel="{{ x_label }}", ylabel="{{ y_label }}", title="{{ plot_title }}")
plt.show()

# %%
import pandas as pd

facts = ("parameters", "train_seconds", "val/bpc", "test/bpc")
pd.DataFrame({cell: {fact: run.summary[fact] for fact in facts} for cell, run in runs.items()}).T

# %% [markdown]
# {{ table }}

# %% [markdown]
# ## {{ write_title }}
#
# {{ write }}

# %%
for cell, run in runs.items():
    print(f"--- {cell}")
    print(run.generator().generate("The function ", length=300, temperature=0.8, seed=1), end="\n\n")

# %% [markdown]
# ## {{ temperature_title }}
#
# {{ temperature }}

# %%
writer = runs["gru"].generator()
for temperature in (0, 0.5, 1, 1.5):
    print(f"--- {temperature}")
    print(writer.generate("The function ", length=150, temperature=temperature, seed=1), end="\n\n")

# %% [markdown]
# ## {{ surprise_title }}
#
# {{ surprise }}

# %%
text = "The function is called with the value.\nEl ingenioso hidalgo.\n"
pd.DataFrame({cell: dict(run.generator().score(text).lines()) for cell, run in runs.items()}).round(2)

# %% [markdown]
# ## {{ next_title }}
#
# {{ next }}
