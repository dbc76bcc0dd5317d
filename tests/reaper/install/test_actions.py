"""Actions are known by name before REAPER has seen them."""

import hashlib

from bridge.reaper.install.actions import action_id, actions, script_path


def test_an_action_is_named_by_the_hash_of_its_path_in_capitals() -> None:
    digest = hashlib.sha1(b"BRIDGE/BRIDGE_AUTOMIX.LUA", usedforsecurity=False).hexdigest()
    assert script_path("bridge_automix.lua") == "Bridge/bridge_automix.lua"
    assert action_id("bridge_automix.lua") == f"_RS{digest}"


def test_every_shipped_action_has_a_title_and_an_id_of_its_own() -> None:
    found = list(actions())
    assert "bridge_automix.lua" in {action.script for action in found}
    assert all(action.title.startswith("Bridge: ") and '"' not in action.title for action in found)
    assert len({action.id for action in found}) == len(found) == len({action.title for action in found})
