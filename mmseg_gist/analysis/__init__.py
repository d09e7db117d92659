"""What finished runs show: numbers in, numbers out.

Nothing here trains or reads images. The commands are in ``tools/analysis``.
"""
