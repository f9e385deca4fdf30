"""The messages of contracts/training.ts and contracts/features.ts that cross into Python; one fixture each holds both
sides to the same JSON. A key that is not known is refused, never dropped."""

from datetime import date, datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel


class Message(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )


def _parses_as_time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time without its offset")
    return text


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
FeatureSetReference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}(?:@[1-9]\d{0,8})?$")]
UniverseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Ticker = Annotated[str, Field(pattern=r"^[A-Z0-9^][A-Z0-9.^=-]{0,19}$")]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]
Timestamp = Annotated[str, AfterValidator(_parses_as_time)]
Phase = Literal["search", "refit"]


class ObjectRef(Message):
    uri: Annotated[str, Field(pattern=r"^objects/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z]+$")]
    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class SessionRange(Message):
    """A closed range of sessions."""

    from_: Annotated[date, Field(alias="from")]
    to: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError("from must not be after to")
        return self


class LightgbmParams(Message):
    """LightGBM's own parameter names."""

    model_config = ConfigDict(alias_generator=None)

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 7
    min_data_in_leaf: Annotated[int, Field(ge=1)] = 50
    lambda_l1: Annotated[float, Field(ge=0)] = 0
    lambda_l2: Annotated[float, Field(ge=0)] = 10
    max_depth: Annotated[int, Field(ge=-1, le=64)] = -1
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 1
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 1
    bagging_freq: Annotated[int, Field(ge=0)] = 0


class LabelDefinition(Message):
    expression: Expression
    persistence: Expression | None = None
    kind: Literal["time-series", "cross-sectional"]


class Segments(Message):
    train: SessionRange
    early_stopping: SessionRange
    test: SessionRange | None = None


class RobustZScoreNorm(Message):
    kind: Literal["RobustZScoreNorm"]
    clip_outlier: bool = True


class ZScoreNorm(Message):
    kind: Literal["ZScoreNorm"]


class MinMaxNorm(Message):
    kind: Literal["MinMaxNorm"]


class Fillna(Message):
    kind: Literal["Fillna"]
    fill_value: float = 0


Columns: TypeAlias = Annotated[list[str], Field(min_length=1, max_length=5000)]


class FilterCol(Message):
    kind: Literal["FilterCol"]
    col_list: Columns


class DropCol(Message):
    kind: Literal["DropCol"]
    col_list: Columns


class CSZScoreNorm(Message):
    kind: Literal["CSZScoreNorm"]
    method: Literal["zscore", "robust"] = "zscore"


class CSRankNorm(Message):
    kind: Literal["CSRankNorm"]


class CSZFillna(Message):
    kind: Literal["CSZFillna"]


class ProcessInf(Message):
    kind: Literal["ProcessInf"]


# computed by the feature build
CrossSectional: TypeAlias = CSZScoreNorm | CSRankNorm | CSZFillna | ProcessInf

Processor: TypeAlias = Annotated[
    RobustZScoreNorm | ZScoreNorm | MinMaxNorm | Fillna | FilterCol | DropCol | CrossSectional,
    Field(discriminator="kind"),
]


class Recipe(Message):
    model: Literal["lightgbm", "persistence"]
    params: LightgbmParams
    dataset: Name
    feature_set: FeatureSetReference
    label: LabelDefinition
    segments: Segments
    start_from: Literal["mean", "linear"]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    max_rounds: Annotated[int, Field(ge=1, le=100_000)]
    patience: Annotated[int, Field(ge=1, le=100_000)]
    block_rounds: Annotated[int, Field(ge=1, le=10_000)]
    threads: Annotated[int, Field(ge=1, le=256)]
    missing: Literal["accept", "refuse"]
    processors: Annotated[list[Processor], Field(min_length=1, max_length=20)] | None = None
    universe: UniverseName | None = None


class FitInput(Message):
    run_id: UUID
    recipe: Recipe
    build: ObjectRef


class FitResult(Message):
    onnx: ObjectRef
    report: ObjectRef
    parity: ObjectRef
    rounds: Annotated[int, Field(gt=0)]
    iterations_executed: Annotated[int, Field(ge=0)]
    resumed_from_round: Annotated[int, Field(ge=0)]


class FitRows(Message):
    train: int
    early_stopping: int
    refit: int


class LinearModel(Message):
    """`intercept + Σ coefficients · (x − mean) / scale`, a missing value standing at the mean."""

    mean: list[float]
    scale: list[float]
    coefficients: list[float]
    intercept: float
    alpha: float


class Scaling(Message):
    """`(x - center) / scale`, then clipped to ±`clip`; one number a column."""

    kind: Literal["scale"] = "scale"
    center: list[float]
    scale: list[float]
    clip: float | None


class Filling(Message):
    kind: Literal["fill"] = "fill"
    value: float


class FittedProcessors(Message):
    columns: Annotated[list[str], Field(min_length=1)]
    steps: list[Annotated[Scaling | Filling, Field(discriminator="kind")]]


class FitReport(Message):
    rounds: Annotated[int, Field(gt=0)]
    early_stopping_loss: float
    rows: FitRows
    feature_order: Annotated[list[str], Field(min_length=1)]
    feature_hash: Sha256
    gain: list[float]
    linear: LinearModel
    label_mean: float
    persistence_shift: float
    processors: FittedProcessors | None = None
    libraries: dict[str, str]


class ProgressPoint(Message):
    run_id: UUID
    step: Annotated[int, Field(ge=0)]
    phase: Phase
    round: Annotated[int, Field(ge=0)]
    total_rounds: Annotated[int, Field(gt=0)]
    metrics: dict[str, float | None]
    at: Timestamp


class VersionedName(Message):
    name: Name
    version: Annotated[int, Field(gt=0)]


class FeatureColumn(Message):
    name: str
    expression: Expression
    lookback: Annotated[int, Field(gt=0)]


class BuildLabel(Message):
    expression: Expression
    persistence: Expression
    kind: Literal["time-series", "cross-sectional"]
    reach: Annotated[int, Field(gt=0)]


class FeatureShard(Message):
    object: ObjectRef
    rows: Annotated[int, Field(ge=0)]
    symbols: Annotated[list[Ticker], Field(min_length=1)]
    first_session: date
    last_session: date


class FeatureBuildManifest(Message):
    format: Literal[1]
    definition_hash: Sha256
    snapshot_id: Sha256
    as_of: Timestamp | None = None
    feature_hash: Sha256
    engine_version: str
    feature_set: VersionedName
    universe: UniverseName | None = None
    columns: Annotated[list[FeatureColumn], Field(min_length=1)]
    label: BuildLabel
    rows: Annotated[int, Field(gt=0)]
    sessions: Annotated[list[date], Field(min_length=1)]
    shards: Annotated[list[FeatureShard], Field(min_length=1, max_length=4096)]
