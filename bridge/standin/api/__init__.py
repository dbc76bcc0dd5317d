"""REAPER's API as Lua sees it: what exists, what is checked, and how a call finds its function."""
