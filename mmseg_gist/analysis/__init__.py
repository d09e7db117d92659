"""What finished runs show: numbers in, numbers out.

Nothing here trains, and only ``report`` reads images. The commands are in
``tools/analysis``.
"""
