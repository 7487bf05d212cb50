"""Chromium drives the demo page. docs/dev/browser.md says how."""
