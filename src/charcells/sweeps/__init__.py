"""A sweep: many runs with one command, each in a folder named after its configuration. This package does not use Hydra.

The parent is the process that starts a sweep. It plans the jobs (`plan`), shows their progress, and ends with a table
of the runs and a list of failures (`watch`). Each job decides for itself, in whatever process or on whatever machine it
runs, whether to skip, resume or train its run (`job`). Parent and jobs communicate through the run folders. On one
machine, a worker also stops when the parent asks for it or has ended (`workers`).
"""
