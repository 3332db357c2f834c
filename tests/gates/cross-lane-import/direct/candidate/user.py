import runtime.a
import candidate.core
