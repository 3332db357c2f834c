"""Plugins that are being tried out."""
