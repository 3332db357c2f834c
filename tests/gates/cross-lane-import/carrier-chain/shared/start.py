from shared import bridge
