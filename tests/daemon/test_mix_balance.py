"""Which tracks can be balanced; the balance itself is tested in tests/mix_balance and end to end."""

from __future__ import annotations

import pytest

from bridge.daemon.mix_balance import BalanceRefused, known_roles
from bridge.mix_balance.role_by_name import Role
from bridge.reaper.protocol.mix_balance import BalanceKind


def test_tracks_of_several_known_roles_can_be_balanced() -> None:
    assert known_roles([("A", "drums"), ("B", "bass")]) == ["drums", "bass"]


@pytest.mark.parametrize(
    ("roles", "kind", "names"),
    [
        ([("A", None), ("B", "bass"), ("C", None)], BalanceKind.UNKNOWN_ROLES, ("A", "C")),
        ([("A", "bass"), ("B", "bass")], BalanceKind.ONE_ROLE, ()),
    ],
)
def test_others_are_refused(roles: list[tuple[str, Role | None]], kind: BalanceKind, names: tuple[str, ...]) -> None:
    with pytest.raises(BalanceRefused) as refused:
        known_roles(roles)
    assert (refused.value.decision.kind, refused.value.decision.names) == (kind, names)
