"""LightGBM (Ke et al. 2017) with squared error, in blocks of rounds after which a run can be cut off without a trace.

State of boosting between two rounds is the score of every row and the random state of the samplers. A block is a new
booster that starts from given scores with seeds of its own, in quiet runs too, so the state at its end is its scores:
float64 arrays that a checkpoint holds exactly. What was fitted before is never predicted again, so a boundary costs the
making of a booster (about 2 ms on 3,000 rows × 40), and without sampling the trees do not depend on the block length.

`search` finds the number of rounds: squared error on the early-stopping rows, until `patience` rounds brought none
better. `refit` fits that many on training and early-stopping rows together. Prediction is what the recipe starts from,
fitted on the refit rows, plus the leaves of all blocks. `startFrom: linear` starts from the ridge regression that is
the gate's linear baseline, so that the trees learn only what it misses. Trees grow on what the recipe's processors make
of the features, if it has any; the linear model reads them raw. A missing value is NaN; zero is a value
(`zero_as_missing` is off).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from quantloop_trainer.contracts import LinearModel, Phase, Recipe
from quantloop_trainer.dataset import FitData, Floats32, Floats64, Matrix
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.models.linear import constant, fit_linear, fit_linear_search, predict_linear
from quantloop_trainer.models.moment import Moment
from quantloop_trainer.processors import Processing, fit_processors, left_by_build


@dataclass(frozen=True)
class Boosting:
    """Where a fit stands between two blocks. `block` and `round` count within the phase."""

    phase: Phase
    block: int
    round: int
    # of every row that is fitted, then (in search) of every early-stopping row
    scores: Floats64
    held_scores: Floats64
    best_round: int
    best_loss: float
    # no row of the last round found a split: further rounds would not either
    exhausted: bool
    # rounds that the search took, once it has ended
    searched: int
    # the refit's blocks, each a LightGBM model in its text form
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class TrainedModel:
    start: LinearModel
    blocks: tuple[str, ...]
    rounds: int
    early_stopping_loss: float
    feature_names: list[str]
    processing: Processing | None = None

    def predict(self, features: Floats32) -> Floats64:
        """[rows, features] → [rows], in float64"""
        total = predict_linear(self.start, features)
        seen = self.processing.apply(features) if self.processing else features
        for block in self.blocks:
            total += lgb.Booster(model_str=block).predict(seen)
        return total

    def gain(self) -> Floats64:
        """Total gain by feature; one that a processor dropped has none."""
        gains = [lgb.Booster(model_str=block).feature_importance("gain") for block in self.blocks]
        total: Floats64 = np.zeros(len(self.feature_names))
        total[self.processing.columns if self.processing else slice(None)] = np.sum(gains, axis=0)
        return total


def fit_lightgbm(
    recipe: Recipe,
    data: FitData,
    resumed: Boosting | None,
    on_round: Callable[[Moment], None],
    on_block: Callable[[Boosting], None],
) -> TrainedModel:
    """Goes on from `resumed`, or from the start; `on_block` stores each state before the next block begins."""
    state = resumed or _beginning("search", _search_start(recipe, data), data.train, data.early_stopping)
    start = _refit_start(recipe, data)
    seen, processing = _processed(recipe, data)
    if state.phase == "search":
        search = _Phase(recipe, seen.feature_names, seen.train, seen.early_stopping)
        while not _search_ended(state, recipe):
            state = search.block(state, recipe.max_rounds, on_round)
            on_block(state)
        found, state = state, _beginning("refit", start, data.refit, None)
        state = replace(state, best_round=found.best_round, best_loss=found.best_loss, searched=found.round)
    refit = _Phase(recipe, seen.feature_names, seen.refit, None)
    while state.round < state.best_round and not state.exhausted:
        state = refit.block(state, state.best_round, on_round)
        on_block(state)
    return TrainedModel(start, state.blocks, state.round, state.best_loss, data.feature_names, processing)


def _processed(recipe: Recipe, data: FitData) -> tuple[FitData, Processing | None]:
    """What trees grow on."""
    processors = left_by_build(recipe.processors or [])
    if not processors:
        return data, None
    processing = fit_processors(processors, data.feature_names, data.train)
    rows = [processing.on(segment) for segment in (data.train, data.early_stopping, data.refit)]
    return FitData(processing.fitted.columns, *rows), processing


def _search_start(recipe: Recipe, data: FitData) -> LinearModel:
    return fit_linear_search(data) if recipe.start_from == "linear" else constant(_mean_label(data.train), data.train)


def _refit_start(recipe: Recipe, data: FitData) -> LinearModel:
    return fit_linear(data) if recipe.start_from == "linear" else constant(_mean_label(data.refit), data.refit)


def _beginning(phase: Phase, start: LinearModel, fitted: Matrix, held: Matrix | None) -> Boosting:
    return Boosting(
        phase=phase,
        block=0,
        round=0,
        scores=predict_linear(start, fitted.features),
        held_scores=predict_linear(start, held.features) if held else np.empty(0),
        best_round=0,
        best_loss=float("inf"),
        exhausted=False,
        searched=0,
        blocks=(),
    )


def _search_ended(state: Boosting, recipe: Recipe) -> bool:
    tired = state.round - state.best_round >= recipe.patience
    return state.round > 0 and (state.exhausted or tired or state.round >= recipe.max_rounds)


class _Phase:
    """The rows of one phase, binned once and shared by its blocks."""

    def __init__(self, recipe: Recipe, feature_names: list[str], fitted: Matrix, held: Matrix | None) -> None:
        self._recipe = recipe
        self._fitted = fitted
        self._held = held
        parameters = _parameters(recipe, "search", 0)
        self._train_set = lgb.Dataset(
            fitted.features, fitted.label, feature_name=feature_names, params=parameters, free_raw_data=False
        ).construct()
        self._held_set: lgb.Dataset | None = None
        if held is not None:
            self._held_set = self._train_set.create_valid(held.features, held.label, params=parameters).construct()

    def block(self, state: Boosting, total_rounds: int, on_round: Callable[[Moment], None]) -> Boosting:
        booster = self._booster(state)
        best_round, best_loss = state.best_round, state.best_loss
        held_scores, held_loss = state.held_scores, None
        exhausted = False
        last = min(state.round + self._recipe.block_rounds, total_rounds)
        round_ = state.round
        while round_ < last:
            exhausted = bool(booster.update())
            # a round without a split adds nothing, but the first leaves one constant tree: a model that says the mean
            if not exhausted or round_ == 0:
                round_ += 1
            if self._held is not None:
                held_scores = _scores(booster.eval_valid)
                held_loss = _squared_error(held_scores, self._held)
                if held_loss < best_loss:
                    best_round, best_loss = round_, held_loss
            tired = state.phase == "search" and round_ - best_round >= self._recipe.patience
            on_round(
                Moment(
                    phase=state.phase,
                    round=round_,
                    total_rounds=total_rounds,
                    last=exhausted or tired or round_ == total_rounds,
                    searched=state.searched,
                    held_loss=held_loss,
                    best_round=best_round,
                    best_loss=best_loss,
                    train_loss=lambda: _squared_error(_scores(booster.eval_train), self._fitted),
                )
            )
            if exhausted or tired:
                break
        grown = round_ - state.round
        return replace(
            state,
            block=state.block + 1,
            round=round_,
            scores=_scores(booster.eval_train),
            held_scores=held_scores,
            best_round=best_round,
            best_loss=best_loss,
            exhausted=exhausted,
            blocks=(*state.blocks, booster.model_to_string(num_iteration=grown))
            if state.phase == "refit" and grown > 0
            else state.blocks,
        )

    def _booster(self, state: Boosting) -> lgb.Booster:
        self._train_set.set_init_score(state.scores)
        booster = lgb.Booster(_parameters(self._recipe, state.phase, state.block), self._train_set)
        if self._held_set is not None:
            self._held_set.set_init_score(state.held_scores)
            booster.add_valid(self._held_set, "earlyStopping")
        return booster


def _parameters(recipe: Recipe, phase: Phase, block: int) -> dict[str, Any]:
    drawn = hashlib.sha256(f"{recipe.seed}/{phase}/{block}".encode()).digest()
    sampling = [int.from_bytes(drawn[at : at + 4], "little") >> 1 for at in (0, 4)]
    return {
        **recipe.params.model_dump(),
        "objective": "regression",
        # the scores that a block starts from hold the mean already
        "boost_from_average": False,
        "metric": "None",
        "bagging_seed": sampling[0],
        "feature_fraction_seed": sampling[1],
        "data_random_seed": recipe.seed,
        "num_threads": recipe.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _scores(evaluate: Callable[..., Any]) -> Floats64:
    """The booster's own running scores, which its public interface only shows to a metric."""
    seen: list[Floats64] = []

    def look(scores: Floats64, _: lgb.Dataset) -> tuple[str, float, bool]:
        seen.append(scores.copy())
        return "scores", 0.0, False

    evaluate(look)
    return seen[0]


def _squared_error(scores: Floats64, rows: Matrix) -> float:
    loss = float(np.mean(np.square(scores - rows.label)))
    if not np.isfinite(loss):
        raise QuantloopError(
            "training_failed",
            f"the squared error became {loss}: the labels are too large, or the learning rate is",
        )
    return loss


def _mean_label(rows: Matrix) -> float:
    return float(rows.label.mean(dtype=np.float64))
