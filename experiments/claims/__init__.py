"""One file per claim: CLAIM (quote, prediction, how it is judged), runs(scale) and judge(scale).

The prediction and the way of judging were written before the runs. `experiments.study.catalogue` lists the claims.
"""
