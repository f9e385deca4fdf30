"""The fixtures of contracts/fixtures/, which tests/contracts/fit.test.ts parses with zod."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from quantloop_trainer.contracts import FeatureBuildManifest, FitInput, FitReport, FitResult, Message, ProgressPoint
from quantloop_trainer.failures import ErrorCode

CONTRACTS = Path(__file__).parents[2] / "contracts"

MESSAGES: dict[str, type[Message]] = {
    "fit-input": FitInput,
    "fit-input-without-test": FitInput,
    "fit-input-of-a-universe": FitInput,
    "fit-result": FitResult,
    "fit-report": FitReport,
    "progress-point": ProgressPoint,
    "feature-build-manifest": FeatureBuildManifest,
    "feature-build-manifest-as-of": FeatureBuildManifest,
    "feature-build-manifest-of-a-universe": FeatureBuildManifest,
}

# maps from names that the contract leaves open
FREE = (".metrics", ".libraries")


def fixture(name: str) -> Any:
    return json.loads((CONTRACTS / "fixtures" / f"{name}.json").read_text())


def misspelt(message: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The message once for each key in it, with that key misspelt."""
    if isinstance(message, list):
        for index, item in enumerate(message):
            for inner, changed in misspelt(item, f"{at}[{index}]"):
                yield inner, [*message[:index], changed, *message[index + 1 :]]
    elif isinstance(message, dict):
        for key, value in message.items():
            if at not in FREE:
                yield f"{at}.{key}", {(f"{k}x" if k == key else k): v for k, v in message.items()}
            for inner, changed in misspelt(value, f"{at}.{key}"):
                yield inner, {**message, key: changed}


def accepts(kind: type[Message], message: Any) -> bool:
    try:
        kind.model_validate(message)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", MESSAGES)
def test_parses_to_what_was_written(name: str) -> None:
    message = MESSAGES[name].model_validate_json(json.dumps(fixture(name)))
    assert json.loads(message.model_dump_json(exclude_unset=True)) == fixture(name)


@pytest.mark.parametrize("name", MESSAGES)
def test_refuses_every_misspelt_key(name: str) -> None:
    changed = list(misspelt(fixture(name)))
    assert len(changed) > 3
    accepted = [at for at, message in changed if accepts(MESSAGES[name], message)]
    assert accepted == []


def test_every_fixture_of_a_fit_is_parsed() -> None:
    assert set(MESSAGES) <= {path.stem for path in (CONTRACTS / "fixtures").glob("*.json")}


def test_error_codes_are_those_of_the_contract() -> None:
    listed = (CONTRACTS / "errors.ts").read_text()
    for code in ErrorCode.__args__:  # type: ignore[attr-defined]
        assert f"  {code}: " in listed
