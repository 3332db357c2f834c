"""How Sphinx builds these documents into a site: `make docs`."""

from __future__ import annotations

project = "gates"
html_title = "gates"
extensions = ["myst_parser"]
exclude_patterns = ["conf.py", "_build"]
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
myst_heading_anchors = 6  # anchors as GitHub makes them, which dead-link judges
