"""The channel strip with a plugin at its end that fails on demand, see `faulty_plugins`."""

import msgspec

from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.chain_file import load_chain
from bridge.settings import shipped_folder


def faulty_chain() -> Chain:
    chain = load_chain(shipped_folder("models") / "chains" / "channel-strip.toml")
    return msgspec.structs.replace(chain, slots=(*chain.slots, Slot(name="gremlin", plugin="fault:gremlin")))
