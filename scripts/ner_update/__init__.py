"""The library behind the commands of this project, in packages with one purpose each. It never imports a command."""

import sys

# Folders of this library are deps of stages, and bytecode in them would make the stages rerun.
sys.dont_write_bytecode = True
