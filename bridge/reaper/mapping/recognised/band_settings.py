"""Settings of a band's controls for what it is to do."""

from __future__ import annotations

from bridge.reaper.mapping.recognised.band_fit import UsedBand
from bridge.reaper.mapping.recognised.equaliser import Band
from bridge.reaper.mapping.recognised.filters import CUTS
from bridge.reaper.mapping.recognised.setting import Setting, choice_setting, number_setting, switch_setting


def band_settings(used: UsedBand) -> list[Setting]:
    """What a band's controls are set to: switches, then its type, then numbers."""
    band, state = used.band, used.state
    settings = [switch_setting(one, is_on=True) for one in band.switches if not one.is_on]
    if band.type is not None:
        settings.append(choice_setting(band.type, band.shapes[state.shape]))
    if band.slope is not None and state.shape in CUTS:
        settings.append(number_setting(band.slope, 6.0 * state.order))
    numbers = [(band.freq, state.freq_hz)]
    if state.shape not in CUTS:
        numbers += [(band.gain, state.gain_db), (band.q, state.q)]
    return settings + [number_setting(control, value) for control, value in numbers if control is not None]


def cut_off_setting(band: Band, silent_hz: float) -> Setting | None:
    """How a low cut is switched off: by its switch, a text at an end of its range, or a frequency that cuts nothing."""
    if band.switches:
        return switch_setting(band.switches[0], is_on=False)
    if band.freq is None:
        return None
    if band.off_hz is not None:
        return choice_setting(band.freq.parameter, band.off_hz)
    lowest_hz = band.freq.range[0]
    return number_setting(band.freq, lowest_hz) if lowest_hz <= silent_hz else None
