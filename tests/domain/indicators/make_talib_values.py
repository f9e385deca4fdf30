"""Writes fixtures/talib-values.json: what TA-Lib (C) answers on series of several kinds, to compare our indicators with.

Run: uv run --with ta-lib==0.8.2 --with numpy==2.4.6 python tests/domain/indicators/make_talib_values.py
"""

import json
from pathlib import Path

import numpy as np
import talib

ROWS = 170


def walk(rng, start, deviation):
    close = start * np.exp(np.cumsum(rng.normal(0, deviation, ROWS)))
    spread = np.abs(rng.normal(0, deviation, (2, ROWS))) * close
    volume = np.round(np.exp(rng.normal(12, 0.7, ROWS)))
    return {"high": close + spread[0], "low": close - spread[1], "close": close, "volume": volume}


def quiet(rng):
    """Fifty equal closes in a row, as of a suspended stock, with no range and no volume."""
    bars = walk(rng, 50.0, 0.02)
    for name, column in bars.items():
        column[80:130] = 0.0 if name == "volume" else 48.0
    return bars


def round_binary(bars):
    """Multiples of 1/64, so that sums are exact in float64 and TA-Lib's running sums carry no rounding error."""
    return {name: np.round(column * 64) / 64 for name, column in bars.items()}


# our operators in the order of the function's lines, TA-Lib's function, its inputs, and settings to try
CALLS = [
    (["TA_SMA"], talib.SMA, ["close"], [(2,), (5,), (30,)]),
    (["TA_WMA"], talib.WMA, ["close"], [(2,), (10,), (70,)]),
    (["TA_EMA"], talib.EMA, ["close"], [(2,), (12,), (26,)]),
    (["TA_DEMA"], talib.DEMA, ["close"], [(2,), (15,)]),
    (["TA_TEMA"], talib.TEMA, ["close"], [(2,), (15,)]),
    (["TA_T3"], talib.T3, ["close"], [(2, 0.7), (8, 0.5)]),
    (["TA_KAMA"], talib.KAMA, ["close"], [(2,), (10,), (30,)]),
    (["TA_MIDPOINT"], talib.MIDPOINT, ["close"], [(2,), (14,)]),
    (["TA_MIDPRICE"], talib.MIDPRICE, ["high", "low"], [(2,), (14,)]),
    (
        ["TA_BBANDS_UPPER", "TA_BBANDS_MIDDLE", "TA_BBANDS_LOWER"],
        lambda close, period, width: talib.BBANDS(close, period, width, width),
        ["close"],
        [(10, 2.0), (20, 1.5)],
    ),
    (["TA_STDDEV"], talib.STDDEV, ["close"], [(5, 1.0), (20, 2.5)]),
    (["TA_VAR"], talib.VAR, ["close"], [(5,), (20,)]),
    (["TA_TRANGE"], talib.TRANGE, ["high", "low", "close"], [()]),
    (["TA_ATR"], talib.ATR, ["high", "low", "close"], [(1,), (14,)]),
    (["TA_NATR"], talib.NATR, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_MOM"], talib.MOM, ["close"], [(1,), (10,)]),
    (["TA_ROC"], talib.ROC, ["close"], [(1,), (10,)]),
    (["TA_RSI"], talib.RSI, ["close"], [(2,), (6,), (14,), (24,)]),
    (["TA_MACD", "TA_MACD_SIGNAL", "TA_MACD_HIST"], talib.MACD, ["close"], [(12, 26, 9), (10, 4, 3)]),
    (["TA_APO"], lambda close, fast, slow: talib.APO(close, fast, slow, 0), ["close"], [(12, 26), (10, 4)]),
    (["TA_PPO"], lambda close, fast, slow: talib.PPO(close, fast, slow, 0), ["close"], [(12, 26), (10, 4)]),
    (["TA_TRIX"], talib.TRIX, ["close"], [(1,), (12,)]),
    (
        ["TA_STOCH", "TA_STOCH_D"],
        lambda high, low, close, fast, k, d: talib.STOCH(high, low, close, fast, k, 0, d, 0),
        ["high", "low", "close"],
        [(5, 3, 3), (14, 1, 5)],
    ),
    (
        ["TA_STOCHF", "TA_STOCHF_D"],
        lambda high, low, close, k, d: talib.STOCHF(high, low, close, k, d, 0),
        ["high", "low", "close"],
        [(5, 3), (14, 1)],
    ),
    (["TA_WILLR"], talib.WILLR, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_CCI"], talib.CCI, ["high", "low", "close"], [(5,), (20,)]),
    (["TA_ULTOSC"], talib.ULTOSC, ["high", "low", "close"], [(7, 14, 28), (20, 4, 9)]),
    (["TA_ADX"], talib.ADX, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_PLUS_DI"], talib.PLUS_DI, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_MINUS_DI"], talib.MINUS_DI, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_DX"], talib.DX, ["high", "low", "close"], [(2,), (14,)]),
    (["TA_AROON_DOWN", "TA_AROON_UP"], talib.AROON, ["high", "low"], [(2,), (25,)]),
    (["TA_AROONOSC"], talib.AROONOSC, ["high", "low"], [(2,), (25,)]),
    (["TA_LINEARREG"], talib.LINEARREG, ["close"], [(2,), (14,), (70,)]),
    (["TA_LINEARREG_SLOPE"], talib.LINEARREG_SLOPE, ["close"], [(14,)]),
    (["TA_LINEARREG_INTERCEPT"], talib.LINEARREG_INTERCEPT, ["close"], [(14,)]),
    (["TA_LINEARREG_ANGLE"], talib.LINEARREG_ANGLE, ["close"], [(14,)]),
    (["TA_TSF"], talib.TSF, ["close"], [(14,)]),
    (["TA_OBV"], talib.OBV, ["close", "volume"], [()]),
    (["TA_AD"], talib.AD, ["high", "low", "close", "volume"], [()]),
    (["TA_ADOSC"], talib.ADOSC, ["high", "low", "close", "volume"], [(3, 10), (8, 2)]),
    (["TA_MFI"], talib.MFI, ["high", "low", "close", "volume"], [(2,), (14,)]),
]


def answers(bars):
    for operators, function, inputs, settings in CALLS:
        for setting in settings:
            lines = function(*(bars[name] for name in inputs), *setting)
            lines = lines if isinstance(lines, (tuple, list)) else [lines]
            for operator, line in zip(operators, lines, strict=True):
                yield {"operator": operator, "inputs": inputs, "settings": setting, "values": plain(line)}


def plain(values):
    return [None if np.isnan(value) else float(f"{value:.13g}") for value in values]


rng = np.random.default_rng(20080530)
series = {
    "a stock": walk(rng, 90.0, 0.02),
    "a penny stock": walk(rng, 0.05, 0.05),
    "a high price": walk(rng, 80_000.0, 0.01),
    "a suspended stock": round_binary(quiet(rng)),
}
cases = [
    {
        "name": name,
        "bars": {column: [float(value) for value in values] for column, values in bars.items()},
        "answers": list(answers(bars)),
    }
    for name, bars in series.items()
]
document = {"talib": talib.__version__, "library": talib.__ta_version__.decode().split()[0], "cases": cases}
(Path(__file__).parent / "fixtures/talib-values.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
