"""Zone files as text: edited with their comments, order and layout kept. No I/O."""

from resolute.zones.filetext.listing import Scan
from resolute.zones.filetext.rewrite import rewrite

__all__ = ["Scan", "rewrite"]
