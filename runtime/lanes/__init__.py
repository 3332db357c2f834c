"""Plugins by maturity. The core never imports them: it meets them through the registry."""
