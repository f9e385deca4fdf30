"""Imported first by the fitting process: pandas stays out of it.

LightGBM and pyarrow load pandas wherever they find it (the demo's bars bring it along) to recognise its data frames. A
fit is given arrays, and pandas would be two fifths of the time that its process takes to start.
"""

import sys
from importlib.abc import MetaPathFinder


class _Without(MetaPathFinder):
    def __init__(self, absent: str) -> None:
        self._absent = absent

    def find_spec(self, fullname: str, *_: object) -> None:
        """Finds nothing, so that the next finder looks.

        :raises ModuleNotFoundError: for what shall be absent
        """
        if fullname == self._absent:
            raise ModuleNotFoundError(f"{fullname} is kept out of this process", name=fullname)


sys.meta_path.insert(0, _Without("pandas"))
