"""
import candidate.core
"""
import tools.real
