"""Identifiers are normalised (NFKC): these letters are the plain ones."""
import ｉmportlib
from importlib import ｉｍｐｏｒｔ_ｍｏｄｕｌｅ as ℓoad

ｉmportlib.import_module("candidate.a")  # finds: candidate.a
ℓoad("candidate.b")  # finds: candidate.b
𝐞𝐱𝐞𝐜("import candidate.c")  # finds: candidate.c
__𝓲mport__("candidate.d")  # finds: candidate.d
