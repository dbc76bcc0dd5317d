"""What the rules of recognition read and write: a parameter, its plugin, a reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.plugins.recognition.lexicon import Meaning
from bridge.plugins.recognition.names import Name
from bridge.plugins.recognition.parameter_texts import is_switch

NONE = "none"
ROLES = frozenset(
    (
        *("freq", "gain", "q", "bandwidth", "type", "slope", "enabled", "boost", "cut", "direction", "freq_mult"),
        *("threshold", "ratio", "attack", "release", "knee", "makeup", "range", "hold", "lookahead", "hysteresis"),
        *("close_threshold", "ceiling", "detector", "rms", "auto_makeup", "auto_release", "release_sync"),
        *("time_constant", "amount", "crossover", "band_gain", "placement", "mode", "link", "pan"),
        *("input", "output", "mix", "dry", "drive", "bypass"),
        *("sc_input", "sc_gain", "sc_filter", "sc_hpf_freq", "sc_lpf_freq", "sc_freq", "sc_q", "sc_type", "sc_slope"),
        NONE,
    )
)
DYNAMICS = ("compressor", "limiter", "gate", "de-esser", "multiband")
OF_ALL = {"input", "output", "mix", "dry", "bypass", "drive", "link", "pan"}  # roles of the whole plugin
SURE, LIKELY, CONTEXT, UNSURE = 0.97, 0.9, 0.8, 0.6


@dataclass(frozen=True)
class Reading:
    """What one parameter is: role, section and confidence (0..1)."""

    role: str
    section: str | None = None
    confidence: float = SURE


@dataclass(frozen=True)
class Parameter:
    """One parameter as the rules see it."""

    name: Name
    texts: tuple[str, ...]
    unit: str | None
    has_texts: bool = False  # whether texts were asked for at all

    @property
    def is_switch(self) -> bool:
        return is_switch(self.texts)

    def shows(self, *words: str) -> bool:
        return any(word in text.lower() for text in self.texts for word in words)


_WORDS_OF = {"freq": ("freq", "cutoff"), "gain": ("gain", "level")}


@dataclass(frozen=True)
class Plugin:
    """What is known of the whole plugin while one parameter is read."""

    kind: str
    texts: Counter[str]  # how many parameters have this name
    skeletons: Counter[tuple[str, ...]]  # how many names hold these words
    roles: frozenset[str]  # of all names, before their neighbours are asked
    dry_roles: frozenset[str]  # of those that do not say "wet"
    gain_bands: frozenset[str]  # the words of bands that have a gain

    @classmethod
    def of(cls, kind: str, names: Sequence[Name]) -> Plugin:
        return cls(
            kind,
            Counter(name.text for name in names),
            Counter(name.skeleton for name in names),
            _roles_named(names),
            _roles_named([name for name in names if not name.has_words("wet")]),
            _bands_with_gain(names),
        )

    def has(self, *words: str) -> bool:
        """Whether a name is made of these words."""
        return self.skeletons[words] > 0

    def has_sibling(self, name: Name, role: str) -> bool:
        """Whether a name made of these words and a role's word is there: "Highpass" beside "Highpass Frequency"."""
        return any(self.skeletons[(*name.skeleton, word)] for word in _WORDS_OF[role])


def _bands_with_gain(names: Sequence[Name]) -> frozenset[str]:
    return frozenset(
        name.bands[0]
        for name in names
        if len(name.bands) == 1 and not name.unknown and (not name.roles or "gain" in name.roles)
    )


def _roles_named(names: Sequence[Name]) -> frozenset[str]:
    return frozenset(role for name in names if not name.values(Meaning.NEVER) for role in name.roles)
