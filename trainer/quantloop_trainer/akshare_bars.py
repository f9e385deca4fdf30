"""Daily bars of A-shares by AKShare, as one JSON document on standard output.

Run by the sync of a dataset (activities/datasets/akshare-connector.ts), in an environment of its own:

    python -m quantloop_trainer.akshare_bars FROM THROUGH CODE... [--endpoint URL]

Prices are raw; `adjustedClose` is the close of AKShare's back-adjusted series, which its source counts forward from the
first day. Volumes come in lots of a hundred shares and go out in shares. A share without bars has an empty list. A
failure leaves its reason as the last line on standard error, and is worth another try.
"""

import argparse
import importlib
import json
import math
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

LOT = 100
PATIENCE_SECONDS = 20


def redirect(endpoint: str) -> None:
    """Sends every request to another host: a mirror's, or a test's."""
    requests = importlib.import_module("requests")
    target = urlsplit(endpoint)
    send = requests.Session.send

    def send_elsewhere(session: Any, request: Any, **options: Any) -> Any:
        asked = urlsplit(request.url)
        request.url = urlunsplit((target.scheme, target.netloc, asked.path, asked.query, ""))
        return send(session, request, **options)

    requests.Session.send = send_elsewhere


def number(value: Any) -> float | None:
    """JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else float(value)


def read_bars(code: str, first: str, last: str) -> list[dict[str, Any]]:
    akshare = importlib.import_module("akshare")

    def history(adjust: str) -> Any:
        return akshare.stock_zh_a_hist(
            symbol=code,
            period="daily",
            start_date=first.replace("-", ""),
            end_date=last.replace("-", ""),
            adjust=adjust,
            timeout=PATIENCE_SECONDS,
        )

    raw, adjusted = history(""), history("hfq")
    closes = dict(zip(map(str, adjusted["日期"]), adjusted["收盘"], strict=True)) if len(adjusted) > 0 else {}
    return [
        {
            "session": str(row["日期"]),
            "open": number(row["开盘"]),
            "high": number(row["最高"]),
            "low": number(row["最低"]),
            "close": number(row["收盘"]),
            "volume": number(row["成交量"] * LOT),
            "adjustedClose": number(closes.get(str(row["日期"]))),
        }
        for row in raw.to_dict("records")
    ]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="akshare_bars")
    parser.add_argument("first")
    parser.add_argument("last")
    parser.add_argument("codes", nargs="+")
    parser.add_argument("--endpoint")
    asked = parser.parse_args(arguments)
    if asked.endpoint is not None:
        redirect(asked.endpoint)
    json.dump({"shares": {code: read_bars(code, asked.first, asked.last) for code in asked.codes}}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
