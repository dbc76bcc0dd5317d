"""What a plugin's parameters mean, read from names and displayed texts alone: roles, bands, units, the kind of FX.

`recognise` reads a plugin. Knowledge is data (`lexicon.toml`), the rules are few, and no plugin is known by its name.
"""
