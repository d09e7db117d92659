"""What finished runs show: numbers in, numbers out.

Nothing here trains, and only ``report`` reads images. The commands are in
``tools/analysis``; during a run, a hook writes the report.
"""

from .report_hook import ReportHook

__all__ = ['ReportHook']
