"""What listens and decides: from a recording to settings that are shown to improve it. It knows no REAPER.

    manifest    what a model's folder says about itself
    hearing/    sound as a model hears it: bands, log-mel frames, long-term profiles, styles
    task        one job and its outcome, as plain data
    encoders/   the networks
    bundle      a model in memory, from and to its folder
    predict     one pass of the encoder: settings and what they are worth
    guarding/   do no harm: nothing is accepted that the plugins do not show to be better
    searching/  better settings than the encoder's, by trying them
    moving/     models whose settings move in time
    automix     the main job on one track
    files/      jobs on files

Imports go up this list, never down; a test holds it.
"""
