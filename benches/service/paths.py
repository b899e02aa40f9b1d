"""Where things are. Importing this lets the modules of `benches/peers` and the Python client be imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("PRECEDENT_DATA", ROOT.parent / "shared" / "data"))
SENTENCES = DATA / "vectors" / "wordnet100k" / "vectors.f16.npy"

# The client of this tree comes before an installed one; modules of this folder come before those of the peers.
sys.path.insert(1, str(ROOT / "tools" / "python"))
sys.path.append(str(ROOT / "benches" / "peers"))
