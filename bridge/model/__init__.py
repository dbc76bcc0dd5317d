"""Models: what a folder holds, a model in memory, and what it predicts. Nothing here renders or decides.

manifest    what a model's folder says about itself (torch-free)
encoders/   the networks
bundle      a model in memory, of either kind, from and to its folder
predict     one pass of the encoder: settings and their confidence
"""
