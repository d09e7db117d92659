"""A run as one HTML file that a person looks at.

``labels`` reads the label files, each once; ``tree``, ``checks`` and ``content``
turn the record and what was read into plain values; ``charts`` and ``pictures``
draw; ``page`` puts all into ``page.html``.
"""

from .page import write_report

__all__ = ['write_report']
