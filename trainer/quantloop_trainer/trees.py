"""LightGBM's trees as numbers, read from its text format (one `Tree=` section a tree, arrays in lines of `key=values`).

Interior nodes count from 0 and leaves after them, so that a child is one index: LightGBM writes leaf k as ~k. How a
node treats what is not a plain number follows `NumericalDecision` in LightGBM's tree.h and the row reader of its C API:

- a value in the zero band, |x| ≤ 1e-35, is zero;
- NaN takes the default side if the feature had missing values in training, else it is zero;
- then x ≤ threshold goes left.
"""

from dataclasses import dataclass

import numpy as np

from quantloop_trainer.dataset import Floats64, Integers, Mask

# kZeroThreshold, a float32 in LightGBM
ZERO_BAND = float(np.float32(1e-35))

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_SHIFT, _MISSING_MASK, _MISSING_NAN = 2, 3, 2


@dataclass(frozen=True)
class Tree:
    """`feature`, `threshold`, `missing_left`, `left` and `right` by interior node; `leaf` by leaf."""

    feature: Integers
    threshold: Floats64
    missing_left: Mask
    left: Integers
    right: Integers
    leaf: Floats64


def read_trees(model_text: str) -> list[Tree]:
    """The trees of one saved booster, in order."""
    body, _, _ = model_text.partition("\nend of trees")
    return [_read_tree(section) for section in body.split("\nTree=")[1:]]


def _read_tree(section: str) -> Tree:
    fields = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)
    leaf = np.array(fields["leaf_value"].split(), np.float64)
    if len(leaf) == 1:
        none, no = np.empty(0, np.int64), np.empty(0, np.bool_)
        return Tree(none, np.empty(0), no, none, none, leaf)
    decision = np.array(fields["decision_type"].split(), np.int64)
    if (decision & _CATEGORICAL).any():
        raise ValueError("a categorical split: the platform's features are numbers")
    written = np.array(fields["threshold"].split(), np.float64)
    missing_as_nan = (decision >> _MISSING_SHIFT) & _MISSING_MASK == _MISSING_NAN
    return Tree(
        feature=np.array(fields["split_feature"].split(), np.int64),
        threshold=_outside_zero_band(written),
        missing_left=np.where(missing_as_nan, (decision & _DEFAULT_LEFT) != 0, written >= 0),
        left=_children(fields["left_child"], len(written)),
        right=_children(fields["right_child"], len(written)),
        leaf=leaf,
    )


def _children(text: str, interior: int) -> Integers:
    child = np.array(text.split(), np.int64)
    return np.where(child >= 0, child, interior + ~child)


def _outside_zero_band(threshold: Floats64) -> Floats64:
    """Moves a threshold inside the zero band to its edge: a plain comparison then treats the whole band as zero."""
    below = np.nextafter(-ZERO_BAND, -np.inf)
    moved = np.where((threshold >= -ZERO_BAND) & (threshold < 0), below, threshold)
    return np.where((threshold >= 0) & (threshold < ZERO_BAND), ZERO_BAND, moved)
