"""One file a model family: `fit` takes recipe and data, and what was learned is separate from what was asked."""
