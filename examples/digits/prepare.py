"""Write data/digits.csv: 1,797 handwritten digits of 8 x 8 pixels, which scikit-learn carries."""

import os
from pathlib import Path

from sklearn.datasets import load_digits


def main() -> None:
    frame = load_digits(as_frame=True).frame.astype("int64")
    frame = frame.rename(columns={"target": "digit"})
    target = Path(__file__).parent / "data" / "digits.csv"
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(".part")
    frame.to_csv(unfinished, index=False, lineterminator="\n")
    os.replace(unfinished, target)
    print(f"{target}: {len(frame)} rows")


if __name__ == "__main__":
    main()
