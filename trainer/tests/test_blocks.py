"""Whatever the block length, the sampling and the place of the cut, going on from a checkpoint gives the same model."""

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantloop_trainer.checkpoint import Checkpoints
from quantloop_trainer.contracts import FeatureBuildManifest, ObjectRef, Recipe
from quantloop_trainer.dataset import FitData, read_fit_data
from quantloop_trainer.models.lightgbm import Boosting, TrainedModel, fit_lightgbm
from quantloop_trainer.models.moment import Moment
from quantloop_trainer.objects import ObjectStore
from quantloop_trainer.progress import Ledger
from tests.conftest import Services, fit_input, recipe


class CutError(Exception):
    pass


@pytest.fixture(scope="module")
def data(objects: ObjectStore, build: ObjectRef) -> FitData:
    manifest = FeatureBuildManifest.model_validate_json(objects.get(build))
    return read_fit_data(objects, manifest, Recipe.model_validate(recipe()))


def fit(
    recipe: Recipe, data: FitData, resumed: Boosting | None, on_block: Callable[[Boosting], None] = lambda _: None
) -> TrainedModel:
    return fit_lightgbm(recipe, data, resumed, lambda _: None, on_block)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    block=st.integers(1, 40),
    cut=st.integers(1, 12),
    rounds=st.integers(1, 60),
    features=st.sampled_from([0.3, 0.8, 1.0]),
    bagging=st.sampled_from([(0.5, 1), (0.8, 3), (1.0, 0)]),
    seed=st.integers(0, 2**31 - 1),
)
def test_going_on_from_any_checkpoint(
    services: Services,
    objects: ObjectStore,
    build: ObjectRef,
    data: FitData,
    block: int,
    cut: int,
    rounds: int,
    features: float,
    bagging: tuple[float, int],
    seed: int,
) -> None:
    fraction, frequency = bagging
    asked = fit_input(
        build,
        blockRounds=block,
        maxRounds=rounds,
        patience=8,
        seed=seed,
        params={"feature_fraction": features, "bagging_fraction": fraction, "bagging_freq": frequency},
    )
    whole = fit(asked.recipe, data, None)
    states: list[Boosting] = []

    def stop(state: Boosting) -> None:
        states.append(state)
        if len(states) == cut:
            raise CutError

    try:
        fit(asked.recipe, data, None, stop)
    except CutError:
        ledger = Ledger(services.database_url, asked.run_id)
        Checkpoints(objects, ledger, asked).save(states[-1], executed=0)
        resumed = Checkpoints(objects, ledger, asked).latest()
        ledger.close()
        assert resumed is not None
        assert fit(asked.recipe, data, resumed) == whole
    else:
        # fewer blocks than that: nothing was left to go on from
        assert len(states) < cut


def test_without_sampling_the_trees_do_not_depend_on_the_blocks(data: FitData) -> None:
    models = [
        fit(Recipe.model_validate(recipe(maxRounds=90, blockRounds=block)), data, None) for block in (7, 30, 1000)
    ]
    predictions = [model.predict(data.refit.features) for model in models]
    assert len({model.rounds for model in models}) == 1
    assert len({model.early_stopping_loss for model in models}) == 1
    for each in predictions:
        assert each == pytest.approx(predictions[0], abs=1e-12)


def test_with_sampling_another_seed_is_another_model(data: FitData) -> None:
    sampled = {"params": {"bagging_fraction": 0.5, "bagging_freq": 1}, "maxRounds": 20}
    first, second = (fit(Recipe.model_validate(recipe(**sampled, seed=seed)), data, None) for seed in (1, 2))
    assert first.blocks != second.blocks


def test_sampling_goes_on_changing_from_block_to_block(data: FitData) -> None:
    """A block that drew the same rows and columns again would not notice the others."""
    sampled = {"params": {"feature_fraction": 0.2}, "maxRounds": 24, "blockRounds": 4}
    model = fit(Recipe.model_validate(recipe(**sampled)), data, None)
    used = [line for block in model.blocks for line in block.splitlines() if line.startswith("split_feature=")]
    assert len({tuple(sorted(set(line.split("=")[1].split()))) for line in used[::4]}) > 1


def test_early_stopping_is_lightgbms_own(data: FitData) -> None:
    """Our bookkeeping over blocks finds the round that LightGBM's callback finds in one piece."""
    asked = Recipe.model_validate(recipe(blockRounds=11, patience=25, maxRounds=1000))
    ours = fit(asked, data, None)
    moments: list[Moment] = []
    fit_lightgbm(asked, data, None, moments.append, lambda _: None)
    train = lgb.Dataset(data.train.features, data.train.label)
    theirs = lgb.train(
        {
            **asked.params.model_dump(),
            "objective": "regression",
            "num_threads": 1,
            "verbosity": -1,
            "deterministic": True,
        },
        train,
        asked.max_rounds,
        valid_sets=[train.create_valid(data.early_stopping.features, data.early_stopping.label)],
        callbacks=[lgb.early_stopping(asked.patience, verbose=False)],
    )
    assert ours.rounds == theirs.best_iteration
    assert ours.early_stopping_loss == pytest.approx(theirs.best_score["valid_0"]["l2"], rel=1e-9)
    search = [moment for moment in moments if moment.phase == "search"]
    assert search[-1].round == ours.rounds + asked.patience
    assert min(moment.held_loss or np.inf for moment in search) == ours.early_stopping_loss


def test_a_fit_that_finds_no_more_splits_ends_and_says_so(data: FitData) -> None:
    """Labels are fitted to the last row, after which a leaf of any other value would be a worse one."""
    learns_at_once = {"learning_rate": 1.0, "lambda_l2": 0.0, "min_data_in_leaf": 1, "num_leaves": 4096}
    asked = Recipe.model_validate(recipe(params=learns_at_once, patience=1000, maxRounds=1000, blockRounds=7))
    moments: list[Moment] = []
    states: list[Boosting] = []
    model = fit_lightgbm(asked, data, None, moments.append, states.append)
    search = [moment for moment in moments if moment.phase == "search"]
    assert search[-1].round < asked.max_rounds
    assert [moment.last for moment in search] == [False] * (len(search) - 1) + [True]
    assert next(state for state in states if state.exhausted).round == search[-1].round
    assert model.rounds <= search[-1].round
