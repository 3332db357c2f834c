# -*- coding: latin-1 -*-
# übrig
import candidate.core  # finds: candidate.core
import candidate.größe
