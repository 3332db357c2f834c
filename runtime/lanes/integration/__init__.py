"""Plugins that are being proven with the others."""
