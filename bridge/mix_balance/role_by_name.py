"""The role of a track by its name, as people name tracks. A name that says nothing, or two things, has no role."""

from __future__ import annotations

import re
from typing import Literal, get_args

Role = Literal["drums", "bass", "vocals", "lead", "guitar", "keys"]
ROLES: tuple[Role, ...] = get_args(Role)

_WORDS: dict[Role, str] = {
    "drums": "drum drums kick kicks bd snare sn snr hat hats hihat hh tom toms cymbal cymbals ride crash overhead "
    "overheads oh perc percussion beat beats cajon conga congas bongo bongos shaker tambourine clap claps kit "
    "schlagzeug",
    "bass": "bass basses bassline sub subbass kontrabass",
    "vocals": "vocal vocals vox voc voice voices singer bv bvs bgv bgvs choir rap gesang stimme stimmen chor",
    "lead": "lead solo melody sax saxophone trumpet flute clarinet oboe violin trombone harmonica "
    "saxophon trompete geige",
    "guitar": "guitar guitars gtr gtrs git banjo ukulele uke mandolin gitarre gitarren",
    "keys": "keys key keyboard piano pno organ rhodes wurli wurlitzer synth synths pad pads strings clavinet "
    "klavier orgel",
}
_TOGETHER: dict[frozenset[Role], Role] = {  # what two words say that are said of one track
    frozenset({"bass", "guitar"}): "bass",
    frozenset({"bass", "keys"}): "bass",
    frozenset({"lead", "vocals"}): "vocals",
    frozenset({"lead", "guitar"}): "lead",
    frozenset({"lead", "keys"}): "lead",
}
_DRUM_CALLED_BASS = re.compile(r"\bbass ?drum\b")


def role_by_name(name: str) -> Role | None:
    """Return the role that a track's name says, or None.

    >>> role_by_name("02 Kick In"), role_by_name("BassGtr_DI"), role_by_name("Lead Vox"), role_by_name("Bass drum")
    ('drums', 'bass', 'vocals', 'drums')
    >>> role_by_name("Track 7") is None, role_by_name("Kick + Bass") is None
    (True, True)
    """
    words = " ".join(re.findall(r"[A-ZÄÖÜ]*[a-zäöü]+|[A-ZÄÖÜ]+", name)).lower()
    words = _DRUM_CALLED_BASS.sub("drum", words)
    roles = frozenset(role for role, known in _WORDS.items() if set(known.split()) & set(words.split()))
    if len(roles) == 1:
        return next(iter(roles))
    return _TOGETHER.get(roles)
