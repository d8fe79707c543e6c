from __future__ import annotations

from tracker_pages import NOW, TrackerSite

from packager.tracker.service.pages.away import away_since, reconciled_at


def test_the_settings_of_reconciling_hold_seconds_or_iso_times(stranger: TrackerSite):
    with stranger.store.write() as store:
        assert away_since(store) is None
        assert reconciled_at(store) is None
        store.keep_setting("reconcile_failed_since", "2026-11-29T14:00:00Z")
        store.keep_setting("reconciled_at", str(NOW))
        assert away_since(store) == reconciled_at(store) == NOW
        store.keep_setting("reconcile_failed_since", "")
        assert away_since(store) is None
