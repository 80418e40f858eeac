"""An audit of the verdicts: their figures computed again from the committed CSVs, with nothing of this project.

    methods    how an interval is made, by the textbook's formula
    questions  what a claim asks, and how a row of figures becomes an interval
    recipes    claims about a population of recipes: which rows of the CSV answer which question
    samples    the same of claims about the text that models write
    models     the same of claims about training, memory and weights
    constants  the figures without an interval that the CSVs give
    words      which word the interval and the threshold give: supported, alike, refuted, ...
    check      what stands in a finding against all of that
    __main__   the report

Only the standard library, pandas and scipy are used.
"""
