import tools.two
import tools.four
