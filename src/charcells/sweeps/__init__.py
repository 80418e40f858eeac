"""A sweep: many runs by one command, each in a folder that is named after its configuration. Hydra is not known here.

The process that starts a sweep plans it (`plan`) and watches it (`watch`): it shows how far the sweep is and closes it
with the table of its runs and the list of what failed. A job, in whatever process or machine it runs, looks for itself
whether there is something to skip, to resume or to train (`job`). They meet in the run folders; on one machine a worker
also stops when the process that started it asks for it or ends (`workers`).
"""
