def setup(entry_points):
    """No setup of a distribution."""


setup(entry_points=["x = candidate.core:Job"])
