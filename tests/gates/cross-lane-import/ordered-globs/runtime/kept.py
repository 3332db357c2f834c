import runtime.stable
import runtime.wild  # finds: runtime.wild
