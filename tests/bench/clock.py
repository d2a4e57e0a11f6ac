"""Where the seconds go: parts of a run, each charged only for what it does itself. Whole processes belong to `process`."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

Say = Callable[..., str]


class Clock:
    """Seconds by part, and by element of a part (a source, a table, a measure).

    While an inner part runs the outer one is stopped, hence parts add up.
    """

    def __init__(self) -> None:
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.calls: Counter[str] = Counter()
        self._running: list[tuple[str, str]] = []
        self._since = 0.0

    @contextmanager
    def part(self, part: str, element: str = "") -> Iterator[None]:
        """Charge what happens inside to a part; without a name of its own, the element is that of the outer part."""
        self._charge()
        self._running.append((part, element or (self._running[-1][1] if self._running else "")))
        self.calls[part] += 1
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def _charge(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def wrap(self, module: ModuleType, name: str, part: str, element: Say = lambda *_, **__: "") -> None:
        """Replace a function of a module by one that is timed; whoever imports it afterwards gets the timed one."""
        timed = getattr(module, name)

        @wraps(timed)
        def function(*arguments: Any, **named: Any) -> Any:
            with self.part(part, element(*arguments, **named)):
                return timed(*arguments, **named)

        setattr(module, name, function)

    def wrap_generator(self, module: ModuleType, name: str, part: str) -> None:
        """Replace a generator of a module: what counts is the making of each item, not what is done with it."""
        timed = getattr(module, name)

        @wraps(timed)
        def generator(*arguments: Any, **named: Any) -> Iterator[Any]:
            return self.each(part, "", timed(*arguments, **named))

        setattr(module, name, generator)

    def each(self, part: str, element: str, items: Iterator[Any]) -> Iterator[Any]:
        """Charge a part for the making of each item."""
        end = object()
        while True:
            with self.part(part, element):
                item = next(items, end)
            if item is end:
                return
            yield item

    def write(self, figures: Path) -> None:
        """Leave the seconds in a JSON file, the longest first."""
        seconds = [[part, element, round(s, 3)] for (part, element), s in self.seconds.most_common()]
        figures.write_text(json.dumps(seconds, ensure_ascii=False, indent=1), encoding="utf-8")
