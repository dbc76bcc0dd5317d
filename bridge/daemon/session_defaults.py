"""What surfaces have chosen for coming jobs: amount and style. A request that says something else has its way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.errors import ModelError, quoted
from bridge.features.styles import list_styles

FULL_AMOUNT = 100.0


@dataclass(frozen=True)
class JobDefaults:
    """The defaults at one moment. `style`: '' for none; None where no surface has chosen."""

    amount_percent: float = FULL_AMOUNT
    style: str | None = None


class SessionDefaults:
    """May be used from any thread."""

    def __init__(self, styles: Path) -> None:
        self._styles = styles
        self._lock = threading.Lock()
        self._now = JobDefaults()

    @property
    def now(self) -> JobDefaults:
        with self._lock:
            return self._now

    def choose_amount(self, percent: float) -> None:
        with self._lock:
            self._now = replace(self._now, amount_percent=percent)

    def forget_amount(self) -> None:
        """Jobs go all the way again: from here on the amount moves what they have set."""
        self.choose_amount(FULL_AMOUNT)

    def choose_style(self, name: str) -> None:
        """A style by its name, '' for none. ModelError, and the choice stays, where there is none of this name."""
        if name and name not in (known := self._names()):
            raise ModelError(
                f"No style is called {quoted(name)}. Styles: {', '.join(known) or 'none'}. Send one of them, or an "
                "empty name for none."
            )
        with self._lock:
            self._now = replace(self._now, style=name)

    def check_styles(self) -> None:
        """ModelError where there are no styles to go through."""
        if not self._names():
            raise ModelError("There are no styles to go through. Add one with `reaper-bridge styles add NAME FILE...`.")

    def choose_next_style(self) -> None:
        """The one behind the chosen one in the order of `bridge styles`, then none. ModelError where there are none."""
        self.check_styles()
        names = self._names()
        with self._lock:
            style = self._now.style
            place = names.index(style) + 1 if style is not None and style in names else 0
            self._now = replace(self._now, style=names[place] if place < len(names) else "")

    @property
    def amount_text(self) -> str:
        """The chosen amount in words."""
        return f"amount {self.now.amount_percent:.0f} % for the next auto-mix"

    @property
    def style_text(self) -> str:
        """The chosen style in words."""
        style = self.now.style
        return f"{f'style {style!r}' if style else 'no style'} for the next auto-mix"

    def _names(self) -> list[str]:
        return list_styles(self._styles)
