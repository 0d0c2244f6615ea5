"""Loading, building and looking at what there is, at the command line."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import ITEMS, ORDERS
from tillsight.cli.main import run
