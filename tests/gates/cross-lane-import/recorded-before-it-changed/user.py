import bridge
