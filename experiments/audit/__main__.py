"""Recompute the verdicts' figures from the committed CSVs, with nothing of this project.

    python -m experiments.audit

One line for each question of each claim: estimate, 95 % interval and number of runs as computed here by the textbook's
formulas, the word of the verdict, and whether the finding says the same. It exits with 1 if a figure differs in its
third digit, if a word is not the one that the interval gives, or if a question has no audit.
"""

import sys
from collections import Counter
from pathlib import Path

from experiments.audit.check import CLAIMS, DIFFERS, audited, of_holm

RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: list[str], results: Path = RESULTS) -> None:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if arguments:
        sys.exit(f"error: {arguments[0]}: the audit takes no options; it recomputes every claim in {results}")
    found = {path.stem for path in results.glob("*.json")}
    lines = []
    for name in sorted(CLAIMS.keys() | found):
        if name not in found:
            print(f"{name}: waits for its runs")
            continue
        for line in audited(name, results):
            print(line)
            lines.append(line)
    for line in of_holm(results):
        print(line)
        lines.append(line)
    counts = Counter(line.result for line in lines)
    print(f"\n{len(lines)} questions: " + ", ".join(f"{count} {result}" for result, count in counts.most_common()))
    if counts[DIFFERS]:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
