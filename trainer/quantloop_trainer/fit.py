"""The fitting child: `python -m quantloop_trainer.fit`, one FitInput on the first line of its standard input.

It may be killed at any instant. SIGTERM has no handler: what was done since the last checkpoint is lost and repeated.
When standard input closes, its supervisor is gone and it ends itself.
"""

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import ValidationError

import quantloop_trainer.without_pandas  # noqa: F401
from quantloop_trainer.checkpoint import Checkpoints
from quantloop_trainer.config import Config
from quantloop_trainer.contracts import FeatureBuildManifest, FitInput, FitResult, ProgressPoint, Recipe
from quantloop_trainer.dataset import FitData, Floats32, read_fit_data
from quantloop_trainer.export import export_onnx, export_shift
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.logs import start_logging
from quantloop_trainer.messages import Done, Failure, Progress
from quantloop_trainer.models.lightgbm import Boosting, TrainedModel, fit_lightgbm
from quantloop_trainer.models.moment import Moment
from quantloop_trainer.models.persistence import ShiftedPersistence, fit_persistence
from quantloop_trainer.objects import ObjectStore, canonical_json
from quantloop_trainer.parity import parity_file, parity_rows
from quantloop_trainer.progress import Ledger
from quantloop_trainer.report import fit_report
from quantloop_trainer.trees import read_trees

Tell = Callable[[Progress | Done | Failure], None]

# an exit by which the child says that it has told its failure itself
TOLD_FAILURE = 2
ORPHANED = 9

TELL_SECONDS = 0.2
POINTS_A_BLOCK = 5
MOST_POINTS = 1000
# what answers and lands on the same cores goes first
NICENESS = 10


def fit_model(fit: FitInput, objects: ObjectStore, ledger: Ledger, tell: Tell) -> FitResult:
    """Reads, fits, exports: the same bytes whatever happened to the attempts before.

    :raises QuantloopError: of any code in failures.py
    """
    manifest = _read_manifest(fit, objects)
    data = read_fit_data(objects, manifest, fit.recipe)
    attempt = _Attempt(fit, Checkpoints(objects, ledger, fit), ledger, tell)
    model, onnx, rows = _learn(fit.recipe, manifest, data, attempt)
    report = fit_report(manifest, data, model)
    return FitResult(
        onnx=objects.put(onnx, "onnx"),
        report=objects.put(canonical_json(report.model_dump(mode="json", exclude_none=True)), "json"),
        parity=objects.put(parity_file(data.feature_names, rows, model.predict(rows)), "arrow"),
        rounds=model.rounds,
        iterations_executed=attempt.executed,
        resumed_from_round=attempt.resumed_from,
    )


def _learn(
    recipe: Recipe, manifest: FeatureBuildManifest, data: FitData, attempt: "_Attempt"
) -> tuple[TrainedModel | ShiftedPersistence, bytes, Floats32]:
    """The model, its ONNX file, and the rows on which the two are compared."""
    match recipe.model:
        case "lightgbm":
            boosted = fit_lightgbm(recipe, data, attempt.resumed, attempt.on_round, attempt.on_block)
            trees = [tree for block in boosted.blocks for tree in read_trees(block)]
            onnx = export_onnx(trees, boosted.start, len(data.feature_names), boosted.processing)
            return boosted, onnx, parity_rows(data, trees, recipe.missing, boosted.processing)
        case "persistence":
            if recipe.processors is not None:
                raise QuantloopError(
                    "recipe_invalid", "persistence takes its one feature as it is: leave processors out", {}
                )
            # nothing to go on from: a second attempt is as quick as reading a checkpoint
            shifted = fit_persistence(manifest, data, attempt.on_round)
            # what is missing stays missing, and is refused before it is asked
            return shifted, export_shift(shifted.shift), parity_rows(data, [], "refuse")


class _Attempt:
    """One try at a fit: where it began, how much it executed, and what it tells."""

    def __init__(self, fit: FitInput, checkpoints: Checkpoints, ledger: Ledger, tell: Tell) -> None:
        self._fit = fit
        self._checkpoints = checkpoints
        self._ledger = ledger
        self._tell = tell
        self._told_at = 0.0
        recipe = fit.recipe
        self._point_rounds = max(1, recipe.block_rounds // POINTS_A_BLOCK, -(-recipe.max_rounds // MOST_POINTS))
        self.resumed = checkpoints.latest()
        self.resumed_from = self.resumed.searched + self.resumed.round if self.resumed else 0
        self.executed = ledger.executed()

    def on_round(self, moment: Moment) -> None:
        self.executed += 1
        if moment.round % self._point_rounds == 0 or moment.last:
            self._ledger.add_point(self._point(moment), self.executed)
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = time.monotonic()
            self._tell(self._progress(moment))

    def on_block(self, state: Boosting) -> None:
        self._checkpoints.save(state, self.executed)

    def _point(self, moment: Moment) -> ProgressPoint:
        search: dict[str, float | None] = {}
        if moment.phase == "search":
            search = {"earlyStoppingLoss": moment.held_loss, "bestEarlyStoppingLoss": moment.best_loss}
        return ProgressPoint(
            run_id=self._fit.run_id,
            step=self._points(moment.searched) + self._points(moment.round),
            phase=moment.phase,
            round=moment.round,
            total_rounds=moment.total_rounds,
            metrics={"trainLoss": moment.train_loss(), **search},
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )

    def _points(self, rounds: int) -> int:
        """How many points a phase of so many rounds has: one each few rounds, and one for the last."""
        return -(-rounds // self._point_rounds)

    def _progress(self, moment: Moment) -> Progress:
        expected = moment.searched or min(moment.total_rounds, moment.best_round + self._fit.recipe.patience)
        share = (moment.searched + moment.round) / (expected + moment.best_round)
        return Progress(
            percent=round(100 * min(share, 1.0), 1),
            phase=moment.phase,
            round=moment.round,
            total_rounds=moment.total_rounds,
            best_round=moment.best_round,
            best_loss=moment.best_loss,
            executed=self.executed,
        )


def _read_manifest(fit: FitInput, objects: ObjectStore) -> FeatureBuildManifest:
    try:
        return FeatureBuildManifest.model_validate(json.loads(objects.get(fit.build)))
    except ValueError as error:
        raise QuantloopError(
            "object_corrupt", f"{fit.build.uri} is no feature build: {error}", {"object": fit.build.uri}
        ) from error


def main() -> None:
    os.nice(NICENESS)
    tell = _teller()
    fit = _first_line()
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    config = Config.from_environment()
    start_logging(config.log_level)
    ledger = Ledger(config.database_url, fit.run_id)
    try:
        result = fit_model(fit, ObjectStore(config.object_store, config.cache_dir), ledger, tell)
    except QuantloopError as error:
        tell(Failure(code=error.code, message=error.message, place=error.place))
        sys.exit(TOLD_FAILURE)
    except Exception as error:
        # a fault of ours or of a library: it would be the same on every attempt
        traceback.print_exc()
        tell(Failure(code="training_failed", message=f"{type(error).__name__}: {error}", place={}))
        sys.exit(TOLD_FAILURE)
    tell(Done(result=result))


def _teller() -> Tell:
    """Keeps standard output to ourselves; whatever a library prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lambda message: print(message.model_dump_json(), file=out)


def _first_line() -> FitInput:
    # unbuffered: a thread that waits in a buffered reader aborts the interpreter's shutdown
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 65536)
        if not byte:
            sys.exit(ORPHANED)
        line += byte
    try:
        return FitInput.model_validate_json(line)
    except ValidationError as error:
        sys.exit(f"not a FitInput: {error}")


def _end_with_supervisor() -> None:
    while os.read(0, 65536):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
