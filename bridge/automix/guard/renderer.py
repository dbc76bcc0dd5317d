"""Renders a track through candidate settings. It measures nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bridge.automix.job import ProxyChain
from bridge.errors import PluginError
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Audio, NormalizedArray


@dataclass(frozen=True)
class CandidateRenderer:
    """A track before its plugins, and the chain that candidates are rendered through.

    Attributes:
        chain: of the model; candidates are (controls,) of it.
        windows: stretches of the track that candidates are measured by, (channels, samples) each.
        everything: all that is known of the track, in pieces; searched for peaks before settings are accepted.
        proxy: what is rendered in the place of `chain`; None: `chain` itself.
        realizable, is_dry: see `AutomixJob`.
    """

    host: PluginHost
    chain: Chain
    windows: Sequence[Audio]
    sample_rate_hz: int
    everything: Sequence[Audio] = ()
    proxy: ProxyChain | None = None
    realizable: Callable[[NormalizedArray], NormalizedArray] | None = None
    is_dry: bool = False

    def nearest(self, normalized: NormalizedArray) -> NormalizedArray:
        """Return `normalized` (controls,) rounded to what the track's own plugins can have."""
        return normalized if self.realizable is None else self.realizable(normalized)

    def begin(self, normalized: NormalizedArray, parts: Sequence[Audio]) -> RenderBatch:
        """Begin to render `parts` (channels, samples) of the track through one candidate (controls,)."""
        return self.host.begin(*self._renders([normalized], parts))

    def begin_current(self, current: NormalizedArray) -> RenderBatch | None:
        """Begin to render the windows as they are heard now; None for a dry track, which is heard as it is."""
        return None if self.is_dry else self.begin(current, self.windows)

    def check(self, current: NormalizedArray) -> None:
        """Raise PluginError where a dry track cannot be rendered even at `current`; another has been."""
        if self.is_dry:
            self.render(current, self.windows)

    def render(self, normalized: NormalizedArray, parts: Sequence[Audio]) -> list[Audio]:
        """Render `parts` through one candidate. Raises PluginError."""
        return self.host.render(*self._renders([normalized], parts))

    def render_windows(self, candidates: Sequence[NormalizedArray]) -> Iterator[tuple[Audio, ...] | None]:
        """Yield the windows through each of `candidates`, rounded by `nearest`; None where a plugin failed.

        The plugins work on the next candidates while the caller measures one.
        """
        batch = self.host.begin(*self._renders([self.nearest(row) for row in candidates], self.windows))
        for number in range(len(candidates)):
            yield self.windows_of(batch, first=number * len(self.windows))

    def windows_of(self, batch: RenderBatch, *, first: int = 0) -> tuple[Audio, ...] | None:
        """Wait for the windows that `batch` holds from `first` on; None where a plugin failed."""
        answers = [batch.result(first + index) for index in range(len(self.windows))]
        windows = tuple(answer for answer in answers if not isinstance(answer, PluginError))
        return windows if len(windows) == len(answers) else None

    def failure(self, normalized: NormalizedArray) -> PluginError:
        """Return why `normalized` cannot be rendered, by trying again."""
        try:
            self.render(normalized, self.windows)
        except PluginError as error:
            return error
        return PluginError(f"The chain {self.chain.name} failed once on the present settings. Try again.")

    def _renders(
        self, candidates: Sequence[NormalizedArray], parts: Sequence[Audio]
    ) -> tuple[Chain, list[RenderInput]]:
        chain = self.chain if self.proxy is None else self.proxy.chain
        rows = candidates if self.proxy is None else [self.proxy.convert(row) for row in candidates]
        return chain, [RenderInput(part, self.sample_rate_hz, row) for row in rows for part in parts]
