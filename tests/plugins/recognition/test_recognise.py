"""What plugins' parameters mean, by names and texts: plugins as they list themselves, and lists that make no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.plugins.recognition.reading import NONE, ROLES
from bridge.plugins.recognition.recognise import ListedParameter, ParameterList, PluginReading, recognise

TAIL = "Bypass=bypass Wet=mix Delta=none"

# one line a plugin: its name, its kind, and each parameter with its role and, behind #, a letter for its band
PLUGINS = {
    "VST: ReaComp (Cockos)": (
        "compressor",
        "Threshold=threshold Ratio=ratio Attack=attack Release=release Pre-comp=lookahead resvd=none "
        "Lowpass=sc_lpf_freq Hipass=sc_hpf_freq SignIn=sc_input AudIn=none Dry=dry Wet=makeup Filter_Preview=none "
        "RMS_size=rms Knee=knee Auto_Make_Up_Gain=auto_makeup Auto_Release=auto_release "
        f"Legacy_Attack/Knee_Options=none Multichannel_Mode=none Metering_Index=none {TAIL}",
    ),
    "VST: ReaEQ (Cockos)": (
        "eq",
        "Freq-Low_Shelf=freq#a Gain-Low_Shelf=gain#a BW-Low_Shelf=q#a Freq-Band_2=freq#b Gain-Band_2=gain#b "
        "BW-Band_2=q#b Freq-High_Shelf_4=freq#d Gain-High_Shelf_4=gain#d BW-High_Shelf_4=q#d Freq-High_Pass_5=freq#e "
        f"Global_Gain=output {TAIL}",
    ),
    "VST: ReaGate (Cockos)": (
        "gate",
        "Threshold=threshold Attack=attack Release=release Pre-open=lookahead Hold=hold Dry=dry Hysteresis=hysteresis "
        f"Send_MIDI=none Invert_Wet=none {TAIL}",
    ),
    "VST: Vintage EQ 4": (
        "eq",
        "HPF=freq LFF=freq#a LFG=gain#a LMFF=freq#b LMFG=gain#b LMHQ=q#b HMFF=freq#c HMFG=gain#c HMHQ=q#c HFF=freq#d "
        "HFG=gain#d Output=output EQ_In=enabled",
    ),
    "VST: Two Channel EQ": (
        "eq",
        "LF_Freq1=freq#a LF_Gai1=gain#a HF_Freq1=freq#b HF_Gai1=gain#b LF_Freq2=freq#c LF_Gai2=gain#c HF_Freq2=freq#d "
        "HF_Gai2=gain#d",
    ),
    "JS: Four Bands": (
        "eq",
        "Frequency_1_(Hz)=freq#a Boost/Cut_(dB)=gain#a Frequency_2_(Hz)=freq#b Boost/Cut_(dB)=gain#b "
        "Frequency_3_(Hz)=freq#c Boost/Cut_(dB)=gain#c",
    ),
    "VST: Console": (
        "channel strip",
        "EQ=enabled Frequency=freq#a Low_Gain=gain#a Frequency=freq#b Q=q#b Low_Mid_Gain=gain#b Frequency=freq#c Q=q#c "
        "High_Mid_Gain=gain#c Compressor=enabled Ratio=ratio Threshold=threshold Attack=attack",
    ),
    "VST: ZamEQ2 (Damien Zammit)": (
        "eq",
        "Boost/Cut_1=gain#b Bandwidth_1=q#b Frequency_1=freq#b Boost/Cut_2=gain#c Bandwidth_2=q#c Frequency_2=freq#c "
        "Boost/Cut_L=gain#a Frequency_L=freq#a Boost/Cut_H=gain#d Frequency_H=freq#d Output_gain=output "
        "Input_gain=input",
    ),
    "VST: ZamCompX2 (Damien Zammit)": (
        "compressor",
        "Attack=attack Release=release Knee=knee Ratio=ratio Threshold=threshold Makeup=makeup Slew=none "
        "Sidechain=sc_input Stereo_Detection=detector Gain_Reduction=none Output_Level=none",
    ),
    "VST3: Four bands and dynamics": (
        "channel strip",
        "LF_Gain=gain#a LF_Freq=freq#a LF_Bell=type#a LMF_Gain=gain#b LMF_Freq=freq#b LMF_Q=q#b HMF_Gain=gain#c "
        "HF_Freq=freq#d HF_Gain=gain#d EQ_In=enabled HP_Freq=freq LP_Freq=freq Comp_Ratio=ratio Comp_Thresh=threshold "
        "Comp_Release=release Comp_Fast=attack Comp_In=enabled Gate_Threshold=threshold Gate_Range=range "
        "Phase=none Input=input Output=output",
    ),
    "VST3: A tube equaliser": (
        "eq",
        "Low_Freq=freq#a LF_Boost=boost#a LF_Atten=cut#a High_Freq=freq#b HF_Boost=boost#b HF_Q=q#b HF_Atten=cut#b "
        "Output=output",
    ),
    "VST3: A limiter with MIDI behind": (
        "limiter",
        "Threshold=threshold Out_Ceiling=ceiling Release=release ARC=auto_release Link=link Bank_Select=none "
        "Breath_Controller=none Portamento_Time=none Release_Time=none Balance=none Brightness=none",
    ),
    "JS: 3-Band EQ": (
        "eq",
        "Low_(dB)=gain#a Frequency_(Hz)=crossover#x Mid_(dB)=gain#b Frequency_(Hz)=crossover#y High_(dB)=gain#c "
        f"{TAIL}",
    ),
    "VST3: Graphic": ("eq", "32Hz=gain#a 1_kHz=gain#b 16K_[dB]=gain#c Master_Gain=output"),
    "VST3: Two channels (Compressors)": (
        "compressor",
        "L_Thresh=threshold#l R_Thresh=threshold#r L_Recovery=release#l R_Recovery=release#r L_HP_SC_Filt=sc_filter#l "
        "R_HP_SC_Filt=sc_filter#r Mix=mix Power=bypass",
    ),
}


def listed(text: str) -> list[tuple[str, str, str]]:
    """(name, role, band letter) of each parameter of a line."""
    rows = []
    for word in text.split():
        name, _, right = word.rpartition("=")
        role, _, band = right.partition("#")
        rows.append((name.replace("_", " "), role, band))
    return rows


def read(fx_name: str, names: list[str]) -> PluginReading:
    return recognise(ParameterList(fx_name, tuple(ListedParameter(place, name) for place, name in enumerate(names))))


@pytest.mark.parametrize("fx_name", PLUGINS)
def test_roles_of_plugins_as_they_list_themselves(fx_name: str) -> None:
    kind, text = PLUGINS[fx_name]
    rows = listed(text)
    reading = read(fx_name, [name for name, _, _ in rows])
    assert reading.kind == kind
    assert [(row.name, row.role) for row in reading.parameters] == [(name, role) for name, role, _ in rows]


@pytest.mark.parametrize("fx_name", PLUGINS)
def test_controls_of_one_band_share_a_number(fx_name: str) -> None:
    rows = listed(PLUGINS[fx_name][1])
    reading = read(fx_name, [name for name, _, _ in rows])
    pairs = [(letter, row.band) for (_, _, letter), row in zip(rows, reading.parameters, strict=True) if letter]
    assert None not in {band for _, band in pairs}
    assert len(set(pairs)) == len({letter for letter, _ in pairs}) == len({band for _, band in pairs})


def test_texts_say_unit_direction_and_choices() -> None:
    reading = recognise(
        ParameterList(
            "VST3: Strip",
            (
                ListedParameter(0, "CMP Thresh", ("10.0 dB", "-5.0 dB", "-20.0 dB")),
                ListedParameter(1, "LF Bell", ("Shelf", "Bell")),
                ListedParameter(2, "LF Freq", ("30 Hz", "1.2 kHz")),
                ListedParameter(3, "CMP In", ("Out", "In")),
                ListedParameter(4, "Unused", ("", "")),
            ),
        )
    )
    threshold, bell, freq, enabled, mute = reading.parameters
    assert (threshold.unit, threshold.is_falling) == ("dB", True)
    assert (bell.role, bell.choices) == ("type", ("Shelf", "Bell"))
    assert (freq.unit, freq.is_falling) == ("Hz", False)
    assert enabled.role == "enabled"
    assert mute.role == NONE


def test_what_a_word_means_depends_on_the_kind_of_fx() -> None:
    def role(fx_name: str, *names: str) -> str:
        return read(fx_name, list(names)).parameters[0].role

    assert role("JS: A Compressor", "Gain", "Threshold", "Ratio") == "makeup"
    assert role("JS: A Limiter", "Gain", "Release") == "input"
    assert role("JS: An EQ", "Gain", "Low Freq", "Low Gain") == "output"
    assert role("VST3: Some Gate", "High Pass Frequency", "Threshold", "Range") == "sc_hpf_freq"
    assert role("VST3: Some EQ", "High Pass Frequency", "Low Gain") == "freq"


NAMES = st.text(max_size=40) | st.sampled_from(
    ["Gain", "Band 1 Freq", "L Thresh", "MIDI CC 7", "Wet", "Delta", "1", ""]
)


@given(
    fx_name=st.text(max_size=30),
    rows=st.lists(st.tuples(NAMES, st.lists(st.text(max_size=12), max_size=4)), max_size=40),
)
def test_any_list_is_read_without_fault(fx_name: str, rows: list[tuple[str, list[str]]]) -> None:
    parameters = tuple(ListedParameter(place, name, tuple(texts)) for place, (name, texts) in enumerate(rows))
    reading = recognise(ParameterList(fx_name, parameters))
    assert [(row.index, row.name) for row in reading.parameters] == [(row.index, row.name) for row in parameters]
    for row in reading.parameters:
        assert row.role in ROLES
        assert 0.0 < row.confidence <= 1.0
        assert row.role != NONE or row.band is None


def test_controllers_by_the_thousand_are_left_alone() -> None:
    reading = read("VST3: Big", [f"MIDI CC {number}" for number in range(2080)] + ["Threshold"])
    assert {row.role for row in reading.parameters[:-1]} == {NONE}
