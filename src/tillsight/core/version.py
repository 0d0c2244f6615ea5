"""Which version of Tillsight runs: kept with every load and every release."""

from importlib.metadata import version

VERSION = version("tillsight")
