"""Values of SciPy and NumPy that tests/domain/quality compares with: `python make_robust.py > fixtures/robust.json`."""

import json
import sys

import numpy as np
from scipy.stats import median_abs_deviation

rng = np.random.default_rng(20)
cases = {
    "odd": rng.standard_t(3, 251),
    "even": rng.standard_t(3, 250),
    "few": np.array([1.0, -2.0, 3.5]),
    "one": np.array([4.0]),
    "ties": np.repeat([0.0, 0.0, 0.0, 1.0], 25),
}
json.dump(
    {
        name: {
            "values": values.tolist(),
            "median": float(np.median(values)),
            "scale": float(median_abs_deviation(values, scale="normal")),
        }
        for name, values in cases.items()
    },
    sys.stdout,
)
