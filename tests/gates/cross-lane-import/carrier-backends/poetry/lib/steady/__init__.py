from steady.wild import idea  # finds: poetry.lib.wild.idea
import wild  # finds: poetry.lib.wild
