"""A browser that is installed on the machine, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome')


@contextmanager
def browser() -> Iterator:
    """Chromium without a window; the test is skipped where there is none."""
    reason = 'no browser: pip install playwright, and install chromium'
    api = pytest.importorskip('playwright.sync_api', reason=reason)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(reason)
    with api.sync_playwright() as playwright:
        # the sandbox does not start for root, as whom containers run
        chromium = playwright.chromium.launch(
            executable_path=found, args=['--no-sandbox']
        )
        yield chromium
        chromium.close()
