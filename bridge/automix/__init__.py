"""Settings for a track, measured through the plugins before they are accepted. It knows no files and no REAPER.

facts, describe  what was decided and why, as data, and in English
job              one job and its result, as plain data
objective        what candidates are measured against
loudness_solver  how a limiter is driven to a loudness and a true peak
guard/           do no harm: what renders, what measures, what decides
search, refinement  better settings than the encoder's, by trying them
explanations/    why each control was changed
automation/      models whose settings move in time
pipeline         the one entry: `Automix`
"""
