from setuptools import find_packages, setup

PLUGINS = [
    "wild = candidate.core:Job",  # finds: candidate.core
    "steady = runtime.app:app",
]
MORE = {"gui_scripts": "lab = candidate.jobs.nightly:main"}  # finds: candidate.jobs.nightly
DESCRIPTION = "candidate.core = candidate.core:Job"

setup(
    name="shop",
    description=DESCRIPTION,
    package_dir={"": ".", "runtime.extra": "candidate/jobs"},  # finds: candidate.jobs
    packages=find_packages(),
    entry_points={"shop.plugins": PLUGINS, **MORE, "shop.other": ["x = candidate.jobs:Job"]},  # finds: candidate.jobs
)
