"""A script in a real Lua, and what surrounds it there."""
