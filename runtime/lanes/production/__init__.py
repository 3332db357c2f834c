"""Plugins that production may rely on."""
