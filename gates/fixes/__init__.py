"""Rewrites of what gates find; a module that is named after a gate holds the fix of that gate."""
