# -*- coding: latin-1 -*-
"""Bytes that are not UTF-8, with a cookie that says so: éü."""
__import__("candidate.a")  # finds: candidate.a
NAME = "café"
__import__(NAME + ".b")  # finds: café.b
