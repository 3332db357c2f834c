import stray
