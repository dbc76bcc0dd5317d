"""What an FX of REAPER's shows where REAPER speaks another language: names, idents, switches and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True)
class Language:
    """A language pack: by default REAPER's own English.

    Attributes:
        words: translations of names of parameters and of texts; what is not in it stays English.
        are_idents_translated: whether idents follow the names. In REAPER they are seen in English, as far as is known.
        has_decimal_comma: whether numbers are written with a comma.
        disabled: what stands before the texts of a band of ReaEQ that is off.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    are_idents_translated: bool = False
    has_decimal_comma: bool = False
    disabled: str = ""

    def names(self, index: int, name: str, ident: str) -> tuple[str, str]:
        """(name, ident) of a parameter as they are shown."""
        shown = self.words.get(name, name)
        if self.are_idents_translated and shown != name:
            ident = f"{index}:_{shown.replace(' ', '_').replace('-', '_')}"
        return shown, ident

    def text(self, text: str) -> str:
        """A displayed value as it is shown."""
        text = self.words.get(text, text)
        return _DECIMAL_POINT.sub(",", text) if self.has_decimal_comma else text


# Names of ReaComp's parameters as two public language packs have them.
FRENCH = {
    "Thresh": "Seuil", "Attack": "Attaque", "Release": "Relâchement", "Pre-comp": "Pré-comp", "Lowpass": "Passe-bas",
    "Hipass": "Passe-haut", "Dry": "Brut", "Wet": "Traité", "RMS size": "Taille RMS",
    "Auto Make Up Gain": "Compensation automatique de gain", "Auto Release": "Relâchement Automatique", "On": "Activé",
    "Off": "Désactivé",
}  # fmt: skip
RUSSIAN = {
    "Thresh": "Порог", "Ratio": "Соотношение", "Attack": "Атака", "Release": "Релиз", "RMS size": "Размео RMS",
    "Knee": "Колено", "Auto Make Up Gain": "Автоматическое усиление", "Auto Release": "Авто релиз", "On": "Вкл",
    "Off": "Выкл",
}  # fmt: skip
