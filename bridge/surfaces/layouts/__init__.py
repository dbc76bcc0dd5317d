"""Ready layouts for tablets: what is on them, and the files that TouchOSC and Open Stage Control read."""
