"""One cell of a Qlib expression in arithmetic that rounds nowhere but where Qlib's language does: the judge of a
difference between two engines.

Columns are float32. Element-wise arithmetic of float32 is rounded to float32, as numpy's is; all else, rolling sums above
all, is computed from the window's values in 40 digits (or in float64, to look a column over quickly). No running sum is
kept, so nothing builds up. NaN, infinities and windows are treated as pandas and Qlib treat them.
"""

import math

import mpmath
import numpy as np

mpmath.mp.dps = 40

ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Greater", "Less", "Abs", "Log", "Ref"}


def finite(x):
    return not (x != x or abs(x) == math.inf)


def divided(a, b):
    if b != 0 or a != a:
        return a / b
    return math.nan if a == 0 else math.copysign(math.inf, a)


def logarithm(x, functions):
    return math.nan if x != x or x < 0 else -math.inf if x == 0 else math.inf if x == math.inf else functions.log(x)


class Exact:
    """`columns` are float32 arrays of one symbol, by name; numbers are mpmath's, or `float` with `math`."""

    def __init__(self, columns, number=mpmath.mpf, functions=mpmath):
        self.columns = columns
        self.number = number
        self.functions = functions
        self.known = {}

    def value(self, expression, row):
        if not hasattr(expression, "load"):
            return self.number(expression)
        key = (str(expression), row)
        if key not in self.known:
            self.known[key] = self.compute(expression, row)
        return self.known[key]

    def compute(self, expression, row):
        name = type(expression).__name__
        if name in ("Feature", "PFeature"):
            return self.number(float(self.columns[expression._name][row]))
        if name in ("Gt", "Lt"):
            a, b = self.sides(expression, row)
            return self.number(a > b if name == "Gt" else a < b)
        if name == "Ref":
            at = row - expression.N
            return self.value(expression.feature, at) if at >= 0 else self.number(math.nan)
        if name in ELEMENTWISE:
            answer = self.elementwise(name, expression, row)
            return self.number(float(np.float32(float(answer)))) if self.is_single(expression) else answer
        if name in ("Corr", "Cov"):
            return self.pairwise(name, expression, row)
        return self.rolling(name, expression, row)

    def sides(self, expression, row):
        return self.value(expression.feature_left, row), self.value(expression.feature_right, row)

    def elementwise(self, name, expression, row):
        if name == "Abs":
            return abs(self.value(expression.feature, row))
        if name == "Log":
            return logarithm(self.value(expression.feature, row), self.functions)
        a, b = self.sides(expression, row)
        if self.is_single(expression):
            a, b = (self.number(float(np.float32(float(side)))) for side in (a, b))
        if name == "Add":
            return a + b
        if name == "Sub":
            return a - b
        if name == "Mul":
            return a * b
        if name == "Div":
            return divided(a, b)
        return self.number(math.nan) if a != a or b != b else (max(a, b) if name == "Greater" else min(a, b))

    def is_single(self, expression):
        name = type(expression).__name__
        if name in ("Feature", "PFeature"):
            return True
        if name not in ELEMENTWISE:
            return False
        sides = [
            getattr(expression, side)
            for side in ("feature", "feature_left", "feature_right")
            if hasattr(expression, side)
        ]
        return all(self.is_single(side) for side in sides if hasattr(side, "load"))

    def window(self, feature, rows, row):
        return [self.value(feature, at) for at in range(max(0, row - rows + 1), row + 1)]

    def pairwise(self, name, expression, row):
        left = self.window(expression.feature_left, expression.N, row)
        right = self.window(expression.feature_right, expression.N, row)
        pairs = [(x, y) for x, y in zip(left, right, strict=True) if finite(x) and finite(y)]
        if len(pairs) < 2:
            return self.number(math.nan)
        mean_x, mean_y = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
        crossed = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
        if name == "Cov":
            return crossed / (len(pairs) - 1)
        squares = sum((x - mean_x) ** 2 for x, _ in pairs), sum((y - mean_y) ** 2 for _, y in pairs)
        if 0 in squares or any(self.flat(side) for side in (left, right)):
            return self.number(math.nan)
        return crossed / (self.functions.sqrt(squares[0]) * self.functions.sqrt(squares[1]))

    def deviation(self, values):
        if len(values) < 2:
            return self.number(math.nan)
        mean = sum(values) / len(values)
        return self.functions.sqrt(sum((x - mean) ** 2 for x in values) / (len(values) - 1))

    def flat(self, window):
        return self.deviation([x for x in window if finite(x)]) <= 2e-5

    def rolling(self, name, expression, row):
        window = self.window(expression.feature, expression.N, row)
        values = [x for x in window if finite(x)]
        if not values:
            return self.number(math.nan)
        if name in ("Mean", "Sum"):
            return sum(values) / (len(values) if name == "Mean" else 1)
        if name == "Std":
            return self.deviation(values)
        if name in ("Max", "Min"):
            return max(values) if name == "Max" else min(values)
        if name in ("IdxMax", "IdxMin"):
            hollow = [place for place, x in enumerate(window) if not finite(x)]
            best = window.index(max(window) if name == "IdxMax" else min(window)) if not hollow else hollow[0]
            return self.number(best + 1)
        if name == "Quantile":
            place = expression.qscore * (len(values) - 1)
            lower = int(place)
            ordered = sorted(values)
            return ordered[lower] + (ordered[min(lower + 1, len(values) - 1)] - ordered[lower]) * (place - lower)
        if name == "Rank":
            newest = window[-1]
            below, equal = sum(x < newest for x in values), sum(x == newest for x in values)
            return self.number(below + (equal + 1) / 2) / len(values) if finite(newest) else self.number(math.nan)
        return self.regression(name, window)

    def regression(self, name, window):
        points = [(self.number(time), y) for time, y in enumerate(window) if finite(y)]
        if len(points) < 2:
            return self.number(math.nan)
        mean_t, mean_y = (sum(side) / len(points) for side in zip(*points, strict=True))
        crossed = sum((t - mean_t) * (y - mean_y) for t, y in points)
        slope = crossed / sum((t - mean_t) ** 2 for t, _ in points)
        if name == "Slope":
            return slope
        if name == "Resi":
            return window[-1] - mean_y - slope * (len(window) - 1 - mean_t)
        if name == "Rsquare":
            return (
                self.number(math.nan)
                if self.flat(window)
                else slope * crossed / sum((y - mean_y) ** 2 for _, y in points)
            )
        raise ValueError(f"no exact arithmetic for {name}")
