"""A linear model that is quick enough to be trained several times over: the proxy of cartography.

Pure functions of arrays. The stages that run them are `hardness.stages.proxy` and its like.
"""
