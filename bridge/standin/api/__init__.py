"""REAPER's API as Lua meets it: what exists, what is checked, and the way from a call to its answer."""
