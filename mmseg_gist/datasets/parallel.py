import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from mmengine.utils import ProgressBar


def map_files(function: Callable, items: Iterable) -> list:
    """Applies a function to many files, in threads, with a progress bar.

    Decoding, encoding and resizing of images release the GIL, so threads keep
    all cores busy. The bar and its estimate of the time left go to stderr.

    Args:
        function: Called with one item.
        items: The items.

    Returns:
        The results in the order of the items.

    Raises:
        Exception: The error of the first failed item in their order; items not started
            by then are dropped.
    """
    items = list(items)
    results = []
    bar = ProgressBar(len(items), file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        try:
            for result in executor.map(function, items):
                results.append(result)
                bar.update()
        finally:
            executor.shutdown(cancel_futures=True)
            print(file=sys.stderr)
    return results
